"""Made of timeline.html by docs/make_templates.py."""

made_by = '3.1.6'
made_of = [5497, 3301316752]

from jinja2.runtime import LoopContext, Macro, Markup, Namespace, TemplateNotFound, TemplateReference, TemplateRuntimeError, Undefined, escape, identity, internalcode, markup_join, missing, str_join
name = 'timeline.html'

def root(context, missing=missing):
    resolve = context.resolve_or_missing
    undefined = environment.undefined
    concat = environment.concat
    cond_expr_undefined = Undefined
    if 0: yield None
    l_0_view = resolve('view')
    l_0_axis = resolve('axis')
    l_0_strip = missing
    try:
        t_1 = environment.filters['join']
    except KeyError:
        @internalcode
        def t_1(*unused):
            raise TemplateRuntimeError("No filter named 'join' found.")
    try:
        t_2 = environment.filters['kebab']
    except KeyError:
        @internalcode
        def t_2(*unused):
            raise TemplateRuntimeError("No filter named 'kebab' found.")
    try:
        t_3 = environment.filters['lower']
    except KeyError:
        @internalcode
        def t_3(*unused):
            raise TemplateRuntimeError("No filter named 'lower' found.")
    try:
        t_4 = environment.filters['round']
    except KeyError:
        @internalcode
        def t_4(*unused):
            raise TemplateRuntimeError("No filter named 'round' found.")
    try:
        t_5 = environment.filters['safe']
    except KeyError:
        @internalcode
        def t_5(*unused):
            raise TemplateRuntimeError("No filter named 'safe' found.")
    try:
        t_6 = environment.filters['time']
    except KeyError:
        @internalcode
        def t_6(*unused):
            raise TemplateRuntimeError("No filter named 'time' found.")
    pass
    l_0_strip = environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'strip')
    context.vars['strip'] = l_0_strip
    context.exported_vars.add('strip')
    yield '<section class="card timeline" aria-labelledby="'
    yield escape(environment.finalize(environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'id')))
    yield '-timeline-title">\n<div class="tl-head"><h2 id="'
    yield escape(environment.finalize(environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'id')))
    yield '-timeline-title">'
    yield escape(environment.finalize(environment.getattr((undefined(name='strip') if l_0_strip is missing else l_0_strip), 'title')))
    yield '<small>'
    yield escape(environment.finalize(environment.getattr((undefined(name='strip') if l_0_strip is missing else l_0_strip), 'about')))
    yield '<span data-hint hidden>'
    yield escape(environment.finalize((', drag to select' if environment.getattr((undefined(name='strip') if l_0_strip is missing else l_0_strip), 'zoomable') else ', hover for more')))
    yield '</span></small></h2>\n<p class="tl-chosen" data-range hidden role="status"><span></span><button type="button" aria-label="Clear the selected time">Clear</button></p>\n'
    if (environment.getattr((undefined(name='strip') if l_0_strip is missing else l_0_strip), 'detail') and environment.getattr((undefined(name='strip') if l_0_strip is missing else l_0_strip), 'zoomable')):
        pass
        yield '<p class="buttons" data-moves hidden><button type="button" data-move="left" aria-label="Earlier">←</button><button type="button" data-move="right" aria-label="Later">→</button><button type="button" data-move="out" aria-label="Zoom out">−</button><button type="button" data-move="in" aria-label="Zoom in">+</button><button type="button" data-move="all" aria-label="Show all of it">all</button><button type="button" data-move="select" aria-label="Select the zoomed part">select</button></p>\n'
    yield '</div>\n'
    if environment.getattr((undefined(name='strip') if l_0_strip is missing else l_0_strip), 'empty'):
        pass
        yield '<p class="empty">'
        yield escape(environment.finalize(environment.getattr((undefined(name='strip') if l_0_strip is missing else l_0_strip), 'empty')))
        yield '</p>\n'
    else:
        pass
        def macro(l_1_marks, l_1_extra):
            t_7 = []
            if l_1_marks is missing:
                l_1_marks = undefined("parameter 'marks' was not provided", name='marks')
            if l_1_extra is missing:
                l_1_extra = ''
            pass
            t_7.extend((
                '<p class="tl-axis" aria-hidden="true"',
                escape(environment.finalize(l_1_extra)),
                '>',
            ))
            for l_2_tick in l_1_marks:
                _loop_vars = {}
                pass
                t_7.extend((
                    '<span style="left:',
                    escape(environment.finalize(environment.getattr(l_2_tick, 'left_pct'))),
                    '%"',
                ))
                if environment.getattr(l_2_tick, 'minor'):
                    pass
                    t_7.append(
                        ' class="minor"',
                    )
                elif (environment.getattr(l_2_tick, 'left_pct') < 4):
                    pass
                    t_7.append(
                        ' class="first"',
                    )
                t_7.extend((
                    '>',
                    escape(environment.finalize(environment.getattr(l_2_tick, 'label'))),
                    '</span>',
                ))
            l_2_tick = missing
            t_7.append(
                '</p>',
            )
            return concat(t_7)
        context.exported_vars.add('axis')
        context.vars['axis'] = l_0_axis = Macro(environment, macro, 'axis', ('marks', 'extra'), False, False, False, context.eval_ctx.autoescape)
        yield '<div class="tl">\n'
        yield escape(environment.finalize(context.call((undefined(name='axis') if l_0_axis is missing else l_0_axis), environment.getattr((undefined(name='strip') if l_0_strip is missing else l_0_strip), 'ticks'))))
        yield '\n'
        for l_1_row in environment.getattr((undefined(name='strip') if l_0_strip is missing else l_0_strip), 'bands'):
            _loop_vars = {}
            pass
            yield '<div class="tl-bands"><b class="tl-name">'
            yield escape(environment.finalize(('steps' if ('step' in t_3(environment.getattr(environment.getitem(l_1_row, 0), 'name'))) else 'annotated')))
            yield '</b>'
            for l_2_band in l_1_row:
                _loop_vars = {}
                pass
                yield '<span style="left:'
                yield escape(environment.finalize(environment.getattr(l_2_band, 'left_pct')))
                yield '%;width:'
                yield escape(environment.finalize(environment.getattr(l_2_band, 'width_pct')))
                yield '%" title="'
                yield escape(environment.finalize(environment.getattr(l_2_band, 'name')))
                yield ': '
                yield escape(environment.finalize(t_6(environment.getattr(l_2_band, 'length_ns'))))
                yield ' from '
                yield escape(environment.finalize(t_6(environment.getattr(l_2_band, 'start_ns'))))
                yield '"><b>'
                yield escape(environment.finalize(environment.getattr(l_2_band, 'name')))
                yield '</b></span>'
            l_2_band = missing
            yield '</div>\n'
        l_1_row = missing
        if environment.getattr((undefined(name='strip') if l_0_strip is missing else l_0_strip), 'rows'):
            pass
            yield '<div class="tl-over'
            yield escape(environment.finalize(('' if environment.getattr((undefined(name='strip') if l_0_strip is missing else l_0_strip), 'zoomable') else ' plain')))
            yield '" data-overview style="height:'
            yield escape(environment.finalize(environment.getattr((undefined(name='strip') if l_0_strip is missing else l_0_strip), 'height')))
            yield 'px">\n'
            for l_1_row in environment.getattr((undefined(name='strip') if l_0_strip is missing else l_0_strip), 'rows'):
                _loop_vars = {}
                pass
                yield '<b class="tl-name" style="top:'
                yield escape(environment.finalize(environment.getattr(l_1_row, 'top')))
                yield 'px;height:'
                yield escape(environment.finalize(environment.getattr(l_1_row, 'height')))
                yield 'px" title="'
                yield escape(environment.finalize(environment.getattr(l_1_row, 'title')))
                yield '">'
                yield escape(environment.finalize(environment.getattr(l_1_row, 'label')))
                yield '</b>\n'
            l_1_row = missing
            yield '<svg class="area" viewBox="0 0 560 '
            yield escape(environment.finalize(environment.getattr((undefined(name='strip') if l_0_strip is missing else l_0_strip), 'height')))
            yield '" preserveAspectRatio="none" role="img" aria-label="'
            yield escape(environment.finalize(environment.getattr((undefined(name='strip') if l_0_strip is missing else l_0_strip), 'title')))
            yield ': '
            yield escape(environment.finalize(environment.getattr((undefined(name='strip') if l_0_strip is missing else l_0_strip), 'summary')))
            yield '">\n'
            for l_1_row in environment.getattr((undefined(name='strip') if l_0_strip is missing else l_0_strip), 'rows'):
                _loop_vars = {}
                pass
                yield '<g class="tl-row" data-row="'
                yield escape(environment.finalize(environment.getattr(l_1_row, 'kind')))
                yield '" data-height="'
                yield escape(environment.finalize(environment.getattr(l_1_row, 'height')))
                yield '" transform="translate(0 '
                yield escape(environment.finalize(environment.getattr(l_1_row, 'top')))
                yield ')"><path class="ground" d="M0 0h560v'
                yield escape(environment.finalize(environment.getattr(l_1_row, 'height')))
                yield 'H0z"/><g>'
                for l_2_area in environment.getattr(l_1_row, 'areas'):
                    _loop_vars = {}
                    pass
                    yield '<path class="'
                    yield escape(environment.finalize(('c-' if (environment.getattr(l_1_row, 'kind') == 'idle') else 'k-')))
                    yield escape(environment.finalize(t_2(environment.getattr(l_2_area, 'kind'))))
                    yield '" d="'
                    yield escape(environment.finalize(environment.getattr(l_2_area, 'path')))
                    yield '"/>'
                l_2_area = missing
                yield '</g></g>\n'
            l_1_row = missing
            yield '</svg>\n<i class="tl-veil" data-veil hidden></i><i class="tl-veil" data-veil hidden></i>\n'
            if environment.getattr((undefined(name='strip') if l_0_strip is missing else l_0_strip), 'zoomable'):
                pass
                yield '<i class="tl-frame" data-frame'
                if (environment.getattr(environment.getattr((undefined(name='strip') if l_0_strip is missing else l_0_strip), 'detail'), 'width_pct') > 99.99):
                    pass
                    yield ' hidden'
                yield ' style="left:'
                yield escape(environment.finalize(environment.getattr(environment.getattr((undefined(name='strip') if l_0_strip is missing else l_0_strip), 'detail'), 'left_pct')))
                yield '%;width:'
                yield escape(environment.finalize(environment.getattr(environment.getattr((undefined(name='strip') if l_0_strip is missing else l_0_strip), 'detail'), 'width_pct')))
                yield '%"></i>'
            yield '</div>\n'
        if environment.getattr((undefined(name='strip') if l_0_strip is missing else l_0_strip), 'zoomable'):
            pass
            yield '<svg class="tl-join'
            yield escape(environment.finalize((' none' if (environment.getattr(environment.getattr((undefined(name='strip') if l_0_strip is missing else l_0_strip), 'detail'), 'width_pct') > 99.99) else '')))
            yield '" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"><path data-join d="M'
            yield escape(environment.finalize(environment.getattr(environment.getattr((undefined(name='strip') if l_0_strip is missing else l_0_strip), 'detail'), 'left_pct')))
            yield ' 0L0 10M'
            yield escape(environment.finalize(t_4((environment.getattr(environment.getattr((undefined(name='strip') if l_0_strip is missing else l_0_strip), 'detail'), 'left_pct') + environment.getattr(environment.getattr((undefined(name='strip') if l_0_strip is missing else l_0_strip), 'detail'), 'width_pct')), 3)))
            yield ' 0L100 10"/></svg>\n'
        yield '<div class="tl-zoom" data-zoomed style="height:'
        yield escape(environment.finalize(environment.getattr(environment.getattr((undefined(name='strip') if l_0_strip is missing else l_0_strip), 'detail'), 'height')))
        yield 'px" role="img" aria-label="Launches of a part of it, one by one. Arrow keys move it, plus and minus zoom, Home shows all, Enter chooses the launch in the middle.">\n'
        l_1_loop = missing
        for l_1_name, l_1_loop in LoopContext(environment.getattr(environment.getattr((undefined(name='strip') if l_0_strip is missing else l_0_strip), 'data'), 'lanes'), undefined):
            _loop_vars = {}
            pass
            if ((environment.getattr(l_1_loop, 'length') > 1) or (not environment.getattr((undefined(name='strip') if l_0_strip is missing else l_0_strip), 'zoomable'))):
                pass
                yield '<b class="tl-name" style="top:'
                yield escape(environment.finalize((environment.getattr(l_1_loop, 'index0') * environment.getattr(environment.getattr((undefined(name='strip') if l_0_strip is missing else l_0_strip), 'detail'), 'row'))))
                yield 'px;height:'
                yield escape(environment.finalize((environment.getattr(environment.getattr((undefined(name='strip') if l_0_strip is missing else l_0_strip), 'detail'), 'row') - 2)))
                yield 'px" title="'
                yield escape(environment.finalize(l_1_name))
                yield '">'
                yield escape(environment.finalize(environment.getitem(environment.getattr((undefined(name='strip') if l_0_strip is missing else l_0_strip), 'labels'), environment.getattr(l_1_loop, 'index0'))))
                yield '</b>'
            else:
                pass
                yield '<b class="tl-name" style="top:0;height:'
                yield escape(environment.finalize(environment.getattr(environment.getattr((undefined(name='strip') if l_0_strip is missing else l_0_strip), 'detail'), 'height')))
                yield 'px" title="'
                yield escape(environment.finalize(l_1_name))
                yield ', launch by launch">zoomed</b>'
        l_1_loop = l_1_name = missing
        yield '<svg class="area" viewBox="0 0 560 '
        yield escape(environment.finalize(environment.getattr(environment.getattr((undefined(name='strip') if l_0_strip is missing else l_0_strip), 'detail'), 'height')))
        yield '" preserveAspectRatio="none" aria-hidden="true"><path class="ground" d="M0 0h560v'
        yield escape(environment.finalize(environment.getattr(environment.getattr((undefined(name='strip') if l_0_strip is missing else l_0_strip), 'detail'), 'height')))
        yield 'H0z"/><g data-launches>'
        for l_1_area in environment.getattr(environment.getattr((undefined(name='strip') if l_0_strip is missing else l_0_strip), 'detail'), 'areas'):
            _loop_vars = {}
            pass
            yield '<path class="k-'
            yield escape(environment.finalize(t_2(environment.getattr(l_1_area, 'kind'))))
            yield '" d="'
            yield escape(environment.finalize(environment.getattr(l_1_area, 'path')))
            yield '"/>'
        l_1_area = missing
        yield '</g></svg>\n<div class="tl-labels" data-labels>'
        for l_1_label in environment.getattr(environment.getattr((undefined(name='strip') if l_0_strip is missing else l_0_strip), 'detail'), 'labels'):
            _loop_vars = {}
            pass
            yield '<span style="left:'
            yield escape(environment.finalize(environment.getattr(l_1_label, 'left_pct')))
            yield '%;width:'
            yield escape(environment.finalize(environment.getattr(l_1_label, 'width_pct')))
            yield '%;top:'
            yield escape(environment.finalize(environment.getattr(l_1_label, 'top')))
            yield 'px;height:'
            yield escape(environment.finalize((environment.getattr(environment.getattr((undefined(name='strip') if l_0_strip is missing else l_0_strip), 'detail'), 'row') - 2)))
            yield 'px"><b>'
            yield escape(environment.finalize(environment.getattr(l_1_label, 'text')))
            yield '</b></span>'
        l_1_label = missing
        yield '</div>\n</div>\n<div class="tl-brackets" data-brackets'
        if (not environment.getattr((undefined(name='strip') if l_0_strip is missing else l_0_strip), 'findings')):
            pass
            yield ' hidden'
        yield '>'
        if environment.getattr((undefined(name='strip') if l_0_strip is missing else l_0_strip), 'findings'):
            pass
            yield '<b class="tl-name">findings</b>'
        yield '<div>'
        for l_1_one in environment.getattr(environment.getattr((undefined(name='strip') if l_0_strip is missing else l_0_strip), 'detail'), 'brackets'):
            _loop_vars = {}
            pass
            yield '<span style="left:'
            yield escape(environment.finalize(environment.getattr(l_1_one, 'left_pct')))
            yield '%;width:'
            yield escape(environment.finalize(environment.getattr(l_1_one, 'width_pct')))
            yield '%"><b>'
            yield escape(environment.finalize(environment.getattr(l_1_one, 'text')))
            yield '</b></span>'
        l_1_one = missing
        yield '</div></div>\n<div'
        if (not environment.getattr((undefined(name='strip') if l_0_strip is missing else l_0_strip), 'zoomable')):
            pass
            yield ' hidden'
        yield '>'
        yield escape(environment.finalize(context.call((undefined(name='axis') if l_0_axis is missing else l_0_axis), environment.getattr(environment.getattr((undefined(name='strip') if l_0_strip is missing else l_0_strip), 'detail'), 'ticks'), Markup(' data-zoom-axis'))))
        yield '</div>\n</div>\n'
        if environment.getattr((undefined(name='strip') if l_0_strip is missing else l_0_strip), 'causes'):
            pass
            yield '<div class="tl-idle">\n<h3>Idle by cause <b>'
            yield escape(environment.finalize(t_6(environment.getattr((undefined(name='strip') if l_0_strip is missing else l_0_strip), 'idle_ns'))))
            yield '</b></h3>\n<p class="stack" role="img" aria-label="Idle time by cause, '
            yield escape(environment.finalize(t_6(environment.getattr((undefined(name='strip') if l_0_strip is missing else l_0_strip), 'idle_ns'))))
            yield ' in all">'
            for l_1_cause in environment.getattr((undefined(name='strip') if l_0_strip is missing else l_0_strip), 'causes'):
                _loop_vars = {}
                pass
                yield '<i class="c-'
                yield escape(environment.finalize(environment.getattr(l_1_cause, 'texture')))
                yield '" style="flex:'
                yield escape(environment.finalize(environment.getattr(l_1_cause, 'ns')))
                yield ' 0 0" title="'
                yield escape(environment.finalize(environment.getattr(l_1_cause, 'name')))
                yield ' '
                yield escape(environment.finalize(t_6(environment.getattr(l_1_cause, 'ns'))))
                yield '"></i>'
            l_1_cause = missing
            yield '</p>\n<ul class="legend">'
            for l_1_cause in environment.getattr((undefined(name='strip') if l_0_strip is missing else l_0_strip), 'causes'):
                _loop_vars = {}
                pass
                yield '<li><i class="c-'
                yield escape(environment.finalize(environment.getattr(l_1_cause, 'texture')))
                yield '" aria-hidden="true"></i>'
                yield escape(environment.finalize(environment.getattr(l_1_cause, 'name')))
                yield ' <b>'
                yield escape(environment.finalize(t_6(environment.getattr(l_1_cause, 'ns'))))
                yield '</b></li>'
            l_1_cause = missing
            yield '</ul>\n</div>\n'
        if environment.getattr((undefined(name='strip') if l_0_strip is missing else l_0_strip), 'notes'):
            pass
            yield '<p class="note">'
            yield escape(environment.finalize(t_1(context.eval_ctx, environment.getattr((undefined(name='strip') if l_0_strip is missing else l_0_strip), 'notes'), ' ')))
            yield '</p>'
    yield '</section>'

blocks = {}
debug_info = '1=50&2=54&3=56&5=64&9=68&10=71&12=75&14=118&15=120&16=124&18=145&19=148&20=152&21=156&23=166&24=172&25=176&29=197&32=209&33=212&35=219&36=222&37=245&38=259&40=275&41=295&43=301&45=304&46=306&47=322&50=334'

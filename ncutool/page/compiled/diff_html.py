"""Made of diff.html by docs/make_templates.py."""

made_by = '3.1.6'
made_of = [15251, 3842496060]

from jinja2.runtime import LoopContext, Macro, Markup, Namespace, TemplateNotFound, TemplateReference, TemplateRuntimeError, Undefined, escape, identity, internalcode, markup_join, missing, str_join
name = 'diff.html'

def root(context, missing=missing):
    resolve = context.resolve_or_missing
    undefined = environment.undefined
    concat = environment.concat
    cond_expr_undefined = Undefined
    if 0: yield None
    l_0_page = resolve('page')
    l_0_table = resolve('table')
    l_0_notes = resolve('notes')
    l_0_version = resolve('version')
    l_0_script = resolve('script')
    l_0_coded = l_0_copy = l_0_pill = l_0_mark = l_0_launches = l_0_judged = missing
    try:
        t_1 = environment.filters['count']
    except KeyError:
        @internalcode
        def t_1(*unused):
            raise TemplateRuntimeError("No filter named 'count' found.")
    try:
        t_2 = environment.filters['counted']
    except KeyError:
        @internalcode
        def t_2(*unused):
            raise TemplateRuntimeError("No filter named 'counted' found.")
    try:
        t_3 = environment.filters['format']
    except KeyError:
        @internalcode
        def t_3(*unused):
            raise TemplateRuntimeError("No filter named 'format' found.")
    try:
        t_4 = environment.filters['kebab']
    except KeyError:
        @internalcode
        def t_4(*unused):
            raise TemplateRuntimeError("No filter named 'kebab' found.")
    try:
        t_5 = environment.filters['length']
    except KeyError:
        @internalcode
        def t_5(*unused):
            raise TemplateRuntimeError("No filter named 'length' found.")
    try:
        t_6 = environment.filters['replace']
    except KeyError:
        @internalcode
        def t_6(*unused):
            raise TemplateRuntimeError("No filter named 'replace' found.")
    try:
        t_7 = environment.filters['round']
    except KeyError:
        @internalcode
        def t_7(*unused):
            raise TemplateRuntimeError("No filter named 'round' found.")
    try:
        t_8 = environment.filters['time']
    except KeyError:
        @internalcode
        def t_8(*unused):
            raise TemplateRuntimeError("No filter named 'time' found.")
    try:
        t_9 = environment.tests['none']
    except KeyError:
        @internalcode
        def t_9(*unused):
            raise TemplateRuntimeError("No test named 'none' found.")
    pass
    included_template = environment.get_template('parts.html', 'diff.html')._get_default_module(context)
    l_0_coded = getattr(included_template, 'coded', missing)
    if l_0_coded is missing:
        l_0_coded = undefined(f"the template {included_template.__name__!r} (imported on line 1 in 'diff.html') does not export the requested name 'coded'", name='coded')
    l_0_copy = getattr(included_template, 'copy', missing)
    if l_0_copy is missing:
        l_0_copy = undefined(f"the template {included_template.__name__!r} (imported on line 1 in 'diff.html') does not export the requested name 'copy'", name='copy')
    context.vars.update({'coded': l_0_coded, 'copy': l_0_copy})
    context.exported_vars.difference_update(('coded', 'copy'))
    def macro(l_1_verdict):
        t_10 = []
        l_1_signs = resolve('signs')
        if l_1_verdict is missing:
            l_1_verdict = undefined("parameter 'verdict' was not provided", name='verdict')
        pass
        t_10.extend((
            '<span class="pill v-',
            escape(environment.finalize(t_6(context.eval_ctx, t_4(l_1_verdict), ' ', '-'))),
            '">',
        ))
        if (l_1_verdict in (undefined(name='signs') if l_1_signs is missing else l_1_signs)):
            pass
            t_10.extend((
                '<i aria-hidden="true">',
                escape(environment.finalize(environment.getitem((undefined(name='signs') if l_1_signs is missing else l_1_signs), l_1_verdict))),
                '</i> ',
            ))
        t_10.extend((
            escape(environment.finalize(l_1_verdict)),
            '</span>',
        ))
        return concat(t_10)
    context.exported_vars.add('pill')
    context.vars['pill'] = l_0_pill = Macro(environment, macro, 'pill', ('verdict',), False, False, False, context.eval_ctx.autoescape)
    def macro(l_1_kind, l_1_shape, l_1_word):
        t_11 = []
        if l_1_kind is missing:
            l_1_kind = undefined("parameter 'kind' was not provided", name='kind')
        if l_1_shape is missing:
            l_1_shape = undefined("parameter 'shape' was not provided", name='shape')
        if l_1_word is missing:
            l_1_word = undefined("parameter 'word' was not provided", name='word')
        pass
        if l_1_shape:
            pass
            t_11.extend((
                '<svg class="ic k-',
                escape(environment.finalize(t_4(l_1_kind))),
                '" aria-hidden="true"><use href="#s-',
                escape(environment.finalize(l_1_shape)),
                '"/></svg>',
            ))
        else:
            pass
            t_11.append(
                '<i class="k-alone" aria-hidden="true"></i>',
            )
        t_11.append(
            escape(environment.finalize(l_1_word)),
        )
        return concat(t_11)
    context.exported_vars.add('mark')
    context.vars['mark'] = l_0_mark = Macro(environment, macro, 'mark', ('kind', 'shape', 'word'), False, False, False, context.eval_ctx.autoescape)
    def macro(l_1_lanes, l_1_legend):
        t_12 = []
        if l_1_lanes is missing:
            l_1_lanes = undefined("parameter 'lanes' was not provided", name='lanes')
        if l_1_legend is missing:
            l_1_legend = undefined("parameter 'legend' was not provided", name='legend')
        pass
        t_12.append(
            '<section aria-labelledby="lanes-title">\n<h2 id="lanes-title">Launch by launch <small>both on one axis',
        )
        if environment.getattr(l_1_lanes, 'timed'):
            pass
            t_12.append(
                ', what is blank is idle',
            )
        else:
            pass
            t_12.append(
                ', one after another: a report records no gaps',
            )
        t_12.append(
            '</small></h2>\n<div class="card lanes">\n',
        )
        l_2_loop = missing
        for l_2_lane, l_2_loop in LoopContext(environment.getattr(l_1_lanes, 'lanes'), undefined):
            _loop_vars = {}
            pass
            t_12.extend((
                '<p class="lane-name"><b>',
                escape(environment.finalize(environment.getattr(l_2_lane, 'name'))),
                '</b> <span>',
                escape(environment.finalize(environment.getattr(l_2_lane, 'total'))),
                '</span></p>\n',
            ))
            if environment.getattr(l_2_lane, 'areas'):
                pass
                t_12.extend((
                    '<svg class="lane area" viewBox="0 0 400 40" preserveAspectRatio="none" role="img" aria-label="Launches ',
                    escape(environment.finalize(environment.getattr(l_2_lane, 'name'))),
                    ', in columns of time">',
                ))
                for (l_3_kind, l_3_path) in environment.getattr(l_2_lane, 'areas'):
                    _loop_vars = {}
                    pass
                    t_12.extend((
                        '<path class="k-',
                        escape(environment.finalize(t_4(l_3_kind))),
                        '" d="',
                        escape(environment.finalize(l_3_path)),
                        '"/>',
                    ))
                l_3_kind = l_3_path = missing
                t_12.append(
                    '</svg>\n',
                )
            else:
                pass
                t_12.append(
                    '<div class="lane">',
                )
                for l_3_one in environment.getattr(l_2_lane, 'launches'):
                    _loop_vars = {}
                    pass
                    t_12.extend((
                        '<i class="k-',
                        escape(environment.finalize(t_4(environment.getattr(l_3_one, 'kind')))),
                        '" style="left:',
                        escape(environment.finalize(t_7(environment.getattr(l_3_one, 'left'), 3))),
                        '%;width:',
                        escape(environment.finalize(t_7(environment.getattr(l_3_one, 'wide'), 3))),
                        '%" title="',
                        escape(environment.finalize(environment.getattr(l_3_one, 'title'))),
                        '"><b>',
                        escape(environment.finalize(environment.getattr(l_3_one, 'name'))),
                        '</b></i>',
                    ))
                l_3_one = missing
                t_12.append(
                    '</div>\n',
                )
            if (environment.getattr(l_2_loop, 'first') and environment.getattr(l_1_lanes, 'joins')):
                pass
                t_12.append(
                    '<svg class="joins" viewBox="0 0 1000 30" preserveAspectRatio="none" aria-hidden="true">',
                )
                for (l_3_kind, l_3_path) in environment.getattr(l_1_lanes, 'joins'):
                    _loop_vars = {}
                    pass
                    t_12.extend((
                        '<path class="k-',
                        escape(environment.finalize(t_4(l_3_kind))),
                        '" d="',
                        escape(environment.finalize(l_3_path)),
                        '"/>',
                    ))
                l_3_kind = l_3_path = missing
                t_12.append(
                    '</svg>\n',
                )
        l_2_loop = l_2_lane = missing
        t_12.append(
            '<ul class="legend">',
        )
        for (l_2_kind, l_2_shape, l_2_word) in l_1_legend:
            _loop_vars = {}
            pass
            t_12.extend((
                '<li>',
                escape(environment.finalize(context.call((undefined(name='mark') if l_0_mark is missing else l_0_mark), l_2_kind, l_2_shape, l_2_word, _loop_vars=_loop_vars))),
                '</li>',
            ))
        l_2_kind = l_2_shape = l_2_word = missing
        t_12.append(
            '</ul>\n</div>\n</section>\n',
        )
        return concat(t_12)
    context.exported_vars.add('launches')
    context.vars['launches'] = l_0_launches = Macro(environment, macro, 'launches', ('lanes', 'legend'), False, False, False, context.eval_ctx.autoescape)
    l_0_judged = environment.getattr(environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'diff'), 'judged')
    context.vars['judged'] = l_0_judged
    context.exported_vars.add('judged')
    l_1_title = markup_join((environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'headline'), ' · ncutool', ))
    pass
    template = environment.get_template('head.html', 'diff.html')
    gen = template.root_render_func(template.new_context(context.get_all(), True, {'title': l_1_title, 'coded': l_0_coded, 'copy': l_0_copy, 'judged': l_0_judged, 'launches': l_0_launches, 'mark': l_0_mark, 'pill': l_0_pill, 'table': l_0_table}))
    try:
        for event in gen:
            yield event
    finally: gen.close()
    l_1_title = missing
    yield '<body>\n'
    template = environment.get_template('textures.html', 'diff.html')
    gen = template.root_render_func(template.new_context(context.get_all(), True, {'coded': l_0_coded, 'copy': l_0_copy, 'judged': l_0_judged, 'launches': l_0_launches, 'mark': l_0_mark, 'pill': l_0_pill, 'table': l_0_table}))
    try:
        for event in gen:
            yield event
    finally: gen.close()
    yield '<a class="skip" href="#work">Skip to the comparison</a>\n<main class="comparison">\n<div class="meta"><p><b>'
    yield escape(environment.finalize(environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'title')))
    yield '</b><span>'
    yield escape(environment.finalize(environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'device')))
    yield '</span><span>'
    yield escape(environment.finalize(environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'about')))
    yield '</span><span>'
    yield escape(environment.finalize(t_5(environment.getattr(environment.getattr(environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'diff'), 'before'), 'runs'))))
    yield ' + '
    yield escape(environment.finalize(t_2(t_5(environment.getattr(environment.getattr(environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'diff'), 'after'), 'runs')), 'capture')))
    yield '</span></p><span class="switches"><button type="button" data-theme-switch hidden title="Theme: automatic, light or dark">◐ auto</button></span></div>\n<div class="verdict v-'
    yield escape(environment.finalize(t_6(context.eval_ctx, environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'verdict'), ' ', '-')))
    yield '"><h1>'
    yield escape(environment.finalize(environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'headline')))
    yield '</h1><nav aria-label="Contents">'
    if environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'bars'):
        pass
        yield '<a href="#time">Time</a>'
    if environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'findings'):
        pass
        yield '<a href="#findings">Findings <b>'
        yield escape(environment.finalize(t_5(environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'findings'))))
        yield '</b></a>'
    if (not environment.getattr(environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'diff'), 'refused')):
        pass
        yield '<a href="#kernels">Kernels <b>'
        yield escape(environment.finalize(t_5(environment.getattr(environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'diff'), 'rows'))))
        yield '</b></a>'
    yield '<a href="#run">How it was run</a></nav></div>\n<div class="frame">\n<div class="first">\n'
    l_1_loop = missing
    for l_1_warning, l_1_loop in LoopContext(environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'warnings'), undefined):
        _loop_vars = {}
        pass
        if environment.getattr(l_1_loop, 'first'):
            pass
            yield '<ul class="notices">'
        yield '<li><b>Careful</b> '
        yield escape(environment.finalize(l_1_warning))
        yield '</li>\n'
        if environment.getattr(l_1_loop, 'last'):
            pass
            yield '</ul>'
    l_1_loop = l_1_warning = missing
    if environment.getitem(environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'next'), 0):
        pass
        yield '<div class="next"><span'
        if (environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'verdict') != 'slower'):
            pass
            yield ' class="collect"'
        yield '>Next</span><p>'
        yield escape(environment.finalize(environment.getitem(environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'next'), 0)))
        yield '</p>'
        if environment.getitem(environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'next'), 1):
            pass
            yield '<code>'
            yield escape(environment.finalize(environment.getitem(environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'next'), 1)))
            yield '</code>'
            yield escape(environment.finalize(context.call((undefined(name='copy') if l_0_copy is missing else l_0_copy), environment.getitem(environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'next'), 1))))
        yield '</div>\n'
    yield '</div>\n<div class="asked" id="work">\n<section class="card" aria-labelledby="work-title">\n<h2 id="work-title">Same work? <b>'
    yield escape(environment.finalize(environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'work')))
    yield '</b></h2>\n<ul class="tiles">\n'
    for l_1_tile in environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'tiles'):
        _loop_vars = {}
        pass
        yield '<li'
        if environment.getattr(l_1_tile, 'differs'):
            pass
            yield ' class="differs"'
        yield '><b>'
        yield escape(environment.finalize(environment.getattr(l_1_tile, 'figure')))
        yield '</b><span>'
        yield escape(environment.finalize(environment.getattr(l_1_tile, 'words')))
        yield '</span><small>'
        yield escape(environment.finalize(environment.getattr(l_1_tile, 'detail')))
        yield '</small></li>\n'
    l_1_tile = missing
    yield '</ul>\n'
    if environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'differences'):
        pass
        yield '<details class="told"'
        if environment.getattr(environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'diff'), 'refused'):
            pass
            yield ' open'
        yield '><summary>'
        yield escape(environment.finalize(t_2(t_5(environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'differences')), 'difference')))
        yield ', results not compared</summary><ul>\n'
        for (l_1_said, l_1_refuses) in environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'differences'):
            _loop_vars = {}
            pass
            yield '<li>'
            if l_1_refuses:
                pass
                yield '<b>'
                yield escape(environment.finalize(l_1_said))
                yield '</b>'
            else:
                pass
                yield escape(environment.finalize(l_1_said))
            yield '</li>\n'
        l_1_said = l_1_refuses = missing
        yield '</ul></details>\n'
    else:
        pass
        yield '<p class="note">Nothing differs that was asked. Results were not compared.</p>\n'
    if environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'accuracy'):
        pass
        yield '<p class="note"><b>Accuracy, as given</b> '
        yield escape(environment.finalize(environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'accuracy')))
        yield '</p>'
    yield '</section>\n<section class="card" aria-labelledby="sure-title">\n<h2 id="sure-title">How sure? '
    yield escape(environment.finalize(context.call((undefined(name='pill') if l_0_pill is missing else l_0_pill), environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'verdict'))))
    yield '</h2>\n'
    if environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'interval'):
        pass
        yield '<p class="spread-words">'
        yield escape(environment.finalize(environment.getattr(environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'interval'), 'words')))
        yield '</p>\n<div class="spread" role="img" aria-label="'
        yield escape(environment.finalize(environment.getattr(environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'interval'), 'words')))
        yield '"><u style="left:'
        yield escape(environment.finalize(environment.getattr(environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'interval'), 'none')))
        yield '%"></u><i class="'
        yield escape(environment.finalize(environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'verdict')))
        yield '" style="left:'
        yield escape(environment.finalize(environment.getattr(environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'interval'), 'left')))
        yield '%;width:'
        yield escape(environment.finalize(environment.getattr(environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'interval'), 'wide')))
        yield '%"></i><b style="left:'
        yield escape(environment.finalize(environment.getattr(environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'interval'), 'middle')))
        yield '%"></b></div>\n<p class="ends" aria-hidden="true"><span>'
        if (environment.getattr(environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'interval'), 'none') > 30):
            pass
            yield '◂ faster'
        yield '</span><span style="left:'
        yield escape(environment.finalize(environment.getattr(environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'interval'), 'none')))
        yield '%">no change</span><span>'
        if (environment.getattr(environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'interval'), 'none') < 70):
            pass
            yield 'slower ▸'
        yield '</span></p>\n'
    if (not (undefined(name='judged') if l_0_judged is missing else l_0_judged)):
        pass
        for l_1_whole in environment.getattr(environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'diff'), 'wholes'):
            _loop_vars = {}
            pass
            yield '<p class="sure">'
            yield escape(environment.finalize(environment.getitem(environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'wholes'), environment.getattr(l_1_whole, 'what'))))
            yield ': '
            yield escape(environment.finalize(t_8(environment.getattr(l_1_whole, 'before_ns'))))
            yield ' before, '
            yield escape(environment.finalize(t_8(environment.getattr(l_1_whole, 'after_ns'))))
            yield ' after, not compared.</p>\n'
        l_1_whole = missing
    for l_1_line in environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'sure'):
        _loop_vars = {}
        pass
        yield '<p class="sure">'
        yield escape(environment.finalize(l_1_line))
        yield '</p>\n'
    l_1_line = missing
    for (l_1_rule, l_1_outcome, l_1_said) in environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'checks'):
        _loop_vars = {}
        pass
        yield '<p class="sure"><code>'
        yield escape(environment.finalize(l_1_rule))
        yield '</code> <b class="o-'
        yield escape(environment.finalize(l_1_outcome))
        yield '">'
        yield escape(environment.finalize(l_1_outcome))
        yield '</b> '
        yield escape(environment.finalize(l_1_said))
        yield '</p>\n'
    l_1_rule = l_1_outcome = l_1_said = missing
    if environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'counts'):
        pass
        yield '<p class="counts">'
        for (l_1_word, l_1_count) in environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'counts'):
            _loop_vars = {}
            pass
            yield '<span><b>'
            yield escape(environment.finalize(t_1(l_1_count)))
            yield '</b> '
            yield escape(environment.finalize(l_1_word))
            yield '</span>'
        l_1_word = l_1_count = missing
        yield '</p>\n'
    yield '</section>\n</div>\n'
    if environment.getattr(environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'diff'), 'rates'):
        pass
        yield '<section aria-labelledby="rates-title">\n<h2 id="rates-title">By rate <small>other work does not compare by time, and rates are no verdict</small></h2>\n<div class="card scroll" tabindex="0" role="region" aria-label="Rates, scrollable"><table class="small"><thead><tr><th scope="col">rate</th><th scope="col">before</th><th scope="col">after</th><th scope="col">after / before</th></tr></thead><tbody>\n'
        for l_1_rate in environment.getattr(environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'diff'), 'rates'):
            l_1_quantity = resolve('quantity')
            _loop_vars = {}
            pass
            yield '<tr><td>'
            yield escape(environment.finalize(('FLOP per busy time' if (environment.getattr(l_1_rate, 'what') == 'flop_per_busy_s') else 'FLOP per wall time')))
            yield '</td><td>'
            yield escape(environment.finalize(context.call((undefined(name='quantity') if l_1_quantity is missing else l_1_quantity), 'flop_per_s', environment.getattr(l_1_rate, 'before'), _loop_vars=_loop_vars)))
            yield '</td><td>'
            yield escape(environment.finalize(context.call((undefined(name='quantity') if l_1_quantity is missing else l_1_quantity), 'flop_per_s', environment.getattr(l_1_rate, 'after'), _loop_vars=_loop_vars)))
            yield '</td><td>'
            if environment.getattr(l_1_rate, 'before'):
                pass
                yield escape(environment.finalize(context.call((undefined(name='quantity') if l_1_quantity is missing else l_1_quantity), 'ratio', (environment.getattr(l_1_rate, 'after') / environment.getattr(l_1_rate, 'before')), _loop_vars=_loop_vars)))
            else:
                pass
                yield '–'
            yield '</td></tr>\n'
        l_1_rate = l_1_quantity = missing
        yield '</tbody></table></div>\n</section>\n'
    if environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'bars'):
        pass
        yield '<section class="went" id="time" aria-labelledby="time-title">\n<h2 id="time-title">Where the time went <small>'
        yield escape(environment.finalize(environment.getattr(environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'bars'), 'of')))
        yield '</small></h2>\n<div class="card">\n'
        l_1_loop = missing
        for l_1_bar, l_1_loop in LoopContext(environment.getattr(environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'bars'), 'bars'), undefined):
            _loop_vars = {}
            pass
            yield '<div class="side"><b>'
            yield escape(environment.finalize(environment.getattr(l_1_bar, 'name')))
            yield '</b><div class="stack" role="img" aria-label="'
            yield escape(environment.finalize(environment.getattr(l_1_bar, 'name')))
            yield ': '
            l_2_loop = missing
            for l_2_one, l_2_loop in LoopContext(environment.getattr(l_1_bar, 'segments'), undefined):
                _loop_vars = {}
                pass
                yield escape(environment.finalize(environment.getattr(l_2_one, 'name')))
                yield ' '
                yield escape(environment.finalize(environment.getattr(l_2_one, 'time')))
                if (not environment.getattr(l_2_loop, 'last')):
                    pass
                    yield ', '
            l_2_loop = l_2_one = missing
            yield '">'
            for l_2_one in environment.getattr(l_1_bar, 'segments'):
                _loop_vars = {}
                pass
                yield '<i class="k-'
                yield escape(environment.finalize(t_4(environment.getattr(l_2_one, 'kind'))))
                yield '" style="flex:'
                yield escape(environment.finalize(t_7(environment.getattr(l_2_one, 'pct'), 3)))
                yield '" title="'
                yield escape(environment.finalize(environment.getattr(l_2_one, 'name')))
                yield ' '
                yield escape(environment.finalize(environment.getattr(l_2_one, 'time')))
                yield '"></i>'
            l_2_one = missing
            if (environment.getattr(l_1_bar, 'change') and (environment.getattr(l_1_bar, 'gone_pct') > 0.05)):
                pass
                yield '<i class="gone" style="flex:'
                yield escape(environment.finalize(t_7(environment.getattr(l_1_bar, 'gone_pct'), 3)))
                yield '" title="'
                yield escape(environment.finalize(environment.getattr(l_1_bar, 'change')))
                yield '"></i>'
            elif (environment.getattr(l_1_bar, 'gone_pct') > 0.05):
                pass
                yield '<i class="none" style="flex:'
                yield escape(environment.finalize(t_7(environment.getattr(l_1_bar, 'gone_pct'), 3)))
                yield '"></i>'
            yield '</div><span>'
            yield escape(environment.finalize(environment.getattr(l_1_bar, 'total')))
            if environment.getattr(l_1_bar, 'change'):
                pass
                yield ' <small>'
                yield escape(environment.finalize(environment.getattr(l_1_bar, 'change')))
                yield '</small>'
            yield '</span></div>\n'
        l_1_loop = l_1_bar = missing
        yield '<ul class="legend">\n'
        for l_1_key in environment.getattr(environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'bars'), 'keys'):
            _loop_vars = {}
            pass
            yield '<li><svg class="ic k-'
            yield escape(environment.finalize(t_4(environment.getattr(l_1_key, 'kind'))))
            yield '" aria-hidden="true"><use href="#s-'
            yield escape(environment.finalize(environment.getattr(l_1_key, 'shape')))
            yield '"/></svg>'
            yield escape(environment.finalize(environment.getattr(l_1_key, 'name')))
            yield ' <b>'
            yield escape(environment.finalize(environment.getattr(l_1_key, 'times')))
            yield '</b></li>\n'
        l_1_key = missing
        yield '</ul>\n'
        if environment.getattr(environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'bars'), 'idle'):
            pass
            yield '<p class="note"><b>Idle by cause</b> '
            l_1_loop = missing
            for (l_1_cause, l_1_times, l_1_change), l_1_loop in LoopContext(environment.getattr(environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'bars'), 'idle'), undefined):
                _loop_vars = {}
                pass
                yield escape(environment.finalize(l_1_cause))
                yield ' '
                yield escape(environment.finalize(l_1_times))
                yield ' ('
                yield escape(environment.finalize(l_1_change))
                yield ')'
                if (not environment.getattr(l_1_loop, 'last')):
                    pass
                    yield '; '
            l_1_loop = l_1_cause = l_1_times = l_1_change = missing
            yield '</p>\n'
        yield '</div>\n</section>\n'
    yield '<div class="two">\n'
    if (undefined(name='judged') if l_0_judged is missing else l_0_judged):
        pass
        yield '<div class="column">\n'
        if environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'waterfall'):
            pass
            yield '<section class="card" aria-labelledby="change-title">\n<h2 id="change-title">Where the change is <small>'
            yield escape(environment.finalize(environment.getattr(environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'waterfall'), 'of')))
            yield ', worst first'
            if environment.getattr(environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'waterfall'), 'begins'):
                pass
                yield '; the axis begins at '
                yield escape(environment.finalize(environment.getattr(environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'waterfall'), 'begins')))
            yield '</small></h2>\n<ul class="fall">\n'
            for l_1_step in environment.getattr(environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'waterfall'), 'steps'):
                _loop_vars = {}
                pass
                yield '<li class="'
                yield escape(environment.finalize(environment.getattr(l_1_step, 'way')))
                if environment.getattr(l_1_step, 'bold'):
                    pass
                    yield ' worse'
                if environment.getattr(environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'waterfall'), 'begins'):
                    pass
                    yield ' cut'
                yield '"><span class="what" title="'
                yield escape(environment.finalize(environment.getattr(l_1_step, 'title')))
                yield '">'
                yield escape(environment.finalize(environment.getattr(l_1_step, 'name')))
                yield '</span><span class="track"><i style="left:'
                yield escape(environment.finalize(t_7(environment.getattr(l_1_step, 'left'), 2)))
                yield '%;width:'
                yield escape(environment.finalize(t_7(environment.getattr(l_1_step, 'wide'), 2)))
                yield '%"></i></span><span class="much">'
                yield escape(environment.finalize(environment.getattr(l_1_step, 'amount')))
                yield '</span><span class="much soft">'
                yield escape(environment.finalize(environment.getattr(l_1_step, 'share')))
                yield '</span></li>\n'
            l_1_step = missing
            yield '</ul>\n<p class="fall-ticks" aria-hidden="true"><span></span><span class="track">'
            for (l_1_pct, l_1_text) in environment.getattr(environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'waterfall'), 'ticks'):
                _loop_vars = {}
                pass
                yield '<i style="left:'
                yield escape(environment.finalize(l_1_pct))
                yield '%">'
                yield escape(environment.finalize(l_1_text))
                yield '</i>'
            l_1_pct = l_1_text = missing
            yield '</span><span></span><span></span></p>\n</section>\n'
        else:
            pass
            yield '<section class="card" aria-labelledby="change-title"><h2 id="change-title">Where the change is</h2><p class="empty">'
            if environment.getattr(environment.getattr(environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'diff'), 'changes'), 'alike'):
                pass
                yield 'Nowhere: both sides are one recording.'
            else:
                pass
                yield 'Nothing changed that is timed on both sides.'
            yield '</p></section>\n'
        if (environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'lanes') and environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'narrow_lanes')):
            pass
            yield escape(environment.finalize(context.call((undefined(name='launches') if l_0_launches is missing else l_0_launches), environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'lanes'), environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'lane_legend'))))
            yield '\n'
        yield '</div>\n'
    if (not environment.getattr(environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'diff'), 'refused')):
        pass
        yield '<section class="card drawing" aria-labelledby="roofline-title">\n<h2 id="roofline-title">Roofline <small>'
        if environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'picture'):
            pass
            yield escape(environment.finalize(environment.getattr(environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'picture'), 'share')))
        yield '</small></h2>\n'
        if environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'picture'):
            pass
            yield '<div class="plane moves"><div class="wide">'
            yield escape(environment.finalize(environment.getattr(environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'picture'), 'wide')))
            yield '</div><div class="narrow">'
            yield escape(environment.finalize(environment.getattr(environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'picture'), 'narrow')))
            yield '</div></div>\n<ul class="legend"><li><i class="ring" aria-hidden="true"></i>before</li>'
            for (l_1_kind, l_1_shape, l_1_word) in environment.getattr(environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'picture'), 'legend'):
                _loop_vars = {}
                pass
                yield '<li>'
                yield escape(environment.finalize(context.call((undefined(name='mark') if l_0_mark is missing else l_0_mark), l_1_kind, l_1_shape, l_1_word, _loop_vars=_loop_vars)))
                yield '</li>'
            l_1_kind = l_1_shape = l_1_word = missing
            yield '</ul>\n<p class="note">'
            yield escape(environment.finalize(environment.getattr(environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'picture'), 'note')))
            yield '</p>\n'
        else:
            pass
            yield '<p class="empty">No roofline: no group has FLOPs, bytes and a device whose peaks are known.</p>\n'
        yield '</section>\n'
    yield '</div>\n'
    if (environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'lanes') and (not environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'narrow_lanes'))):
        pass
        yield escape(environment.finalize(context.call((undefined(name='launches') if l_0_launches is missing else l_0_launches), environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'lanes'), environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'lane_legend'))))
        yield '\n'
    if (undefined(name='judged') if l_0_judged is missing else l_0_judged):
        pass
        yield '<section id="findings" aria-labelledby="findings-title">\n<h2 id="findings-title">Findings <small>what became of them'
        if environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'findings_words'):
            pass
            yield ': '
            yield escape(environment.finalize(environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'findings_words')))
        yield '</small></h2>\n<div class="card">\n'
        if environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'findings'):
            pass
            yield '<ul class="became">\n<li class="head" aria-hidden="true"><span></span><span></span><span>predicted saving</span><span>came true</span></li>\n'
            for l_1_one in environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'findings'):
                _loop_vars = {}
                pass
                yield '<li><span class="state s-'
                yield escape(environment.finalize(t_4(environment.getattr(l_1_one, 'state'))))
                yield '">'
                yield escape(environment.finalize(environment.getattr(l_1_one, 'word')))
                yield '</span><p><b>'
                yield escape(environment.finalize(environment.getattr(l_1_one, 'title')))
                yield '</b><small>'
                yield escape(environment.finalize(environment.getattr(l_1_one, 'said')))
                yield '</small></p><span class="figure" data-l="predicted">'
                yield escape(environment.finalize(environment.getattr(l_1_one, 'predicted')))
                yield '</span><span class="figure" data-l="came true">'
                yield escape(environment.finalize(environment.getattr(l_1_one, 'came')))
                yield '</span></li>\n'
            l_1_one = missing
            yield '</ul>\n'
            if environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'findings_more'):
                pass
                yield '<p class="note">'
                yield escape(environment.finalize(t_2(environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'findings_more'), 'more finding')))
                yield ': <code>ncutool diff --format json</code></p>'
        else:
            pass
            yield '<p class="empty">Neither capture has a finding.</p>\n'
        yield '</div>\n</section>\n'
    if (not environment.getattr(environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'diff'), 'refused')):
        pass
        l_0_table = environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'kernels')
        context.vars['table'] = l_0_table
        context.exported_vars.add('table')
        yield '<section class="kernels" id="kernels" aria-labelledby="kernels-title">\n<h2 id="kernels-title">Kernels <small>'
        yield escape(environment.finalize(t_2(t_5(environment.getattr(environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'diff'), 'rows')), 'group')))
        yield ' of the same kernel, operator and shapes'
        if (undefined(name='judged') if l_0_judged is missing else l_0_judged):
            pass
            yield ', worst first; what got slower is bold'
        else:
            pass
            yield ', by rate'
        yield '</small></h2>\n<div class="tools" hidden><label class="query"><svg viewBox="0 0 16 16" aria-hidden="true"><circle cx="7" cy="7" r="4.5"/><path d="M10.5 10.5 14 14"/></svg><input type="search" data-query placeholder="mul slower" aria-label="Filter the kernels by words" autocomplete="off" spellcheck="false"><kbd aria-hidden="true">/</kbd></label><span data-shown role="status"></span></div>\n<div class="card scroll" tabindex="0" role="region" aria-label="Kernels, scrollable">\n<table class="changes">\n<thead><tr><th scope="col" class="c-name"><span>kernel</span></th>'
        l_1_loop = missing
        for (l_1_name, l_1_heading), l_1_loop in LoopContext(environment.getattr((undefined(name='table') if l_0_table is missing else l_0_table), 'heads'), undefined):
            _loop_vars = {}
            pass
            yield '<th scope="col" data-column="'
            yield escape(environment.finalize(environment.getattr(l_1_loop, 'index')))
            yield '">'
            yield escape(environment.finalize(l_1_heading))
            yield '</th>'
        l_1_loop = l_1_name = l_1_heading = missing
        yield '<th scope="col" class="word">bound</th>'
        if (undefined(name='judged') if l_0_judged is missing else l_0_judged):
            pass
            yield '<th scope="col" class="word">verdict</th>'
        yield '</tr></thead>\n<tbody>\n'
        l_1_loop = missing
        t_13 = 1
        for l_1_row, l_1_loop in LoopContext(environment.getattr((undefined(name='table') if l_0_table is missing else l_0_table), 'rows'), undefined):
            _loop_vars = {}
            pass
            yield '<tr class="row'
            if environment.getattr(l_1_row, 'bold'):
                pass
                yield ' worse'
            if environment.getattr(l_1_row, 'late'):
                pass
                yield ' late'
            yield '" data-words="'
            yield escape(environment.finalize(environment.getattr(l_1_row, 'words')))
            yield '"><td class="c-name">'
            if environment.getattr(l_1_row, 'about'):
                pass
                yield '<label title="'
                yield escape(environment.finalize(environment.getattr(l_1_row, 'whole')))
                yield '"><input type="checkbox" class="opens" aria-label="How the figures of '
                yield escape(environment.finalize(environment.getattr(l_1_row, 'name')))
                yield ' come about"><b>'
                yield escape(environment.finalize(environment.getattr(l_1_row, 'name')))
                yield '</b> <span>'
                yield escape(environment.finalize(environment.getattr(l_1_row, 'detail')))
                yield '</span></label>'
            else:
                pass
                yield '<div title="'
                yield escape(environment.finalize(environment.getattr(l_1_row, 'whole')))
                yield '"><b>'
                yield escape(environment.finalize(environment.getattr(l_1_row, 'name')))
                yield '</b> <span>'
                yield escape(environment.finalize(environment.getattr(l_1_row, 'detail')))
                yield '</span></div>'
            if environment.getattr(l_1_row, 'kind'):
                pass
                yield '<em class="kind">'
                yield escape(environment.finalize(environment.getattr(l_1_row, 'kind')))
                yield '</em>'
            yield '</td>'
            l_2_loop = missing
            for l_2_cell, l_2_loop in LoopContext(environment.getattr(l_1_row, 'cells'), undefined):
                _loop_vars = {}
                pass
                yield '<td data-l="'
                yield escape(environment.finalize(environment.getitem(environment.getitem(environment.getattr((undefined(name='table') if l_0_table is missing else l_0_table), 'heads'), environment.getattr(l_2_loop, 'index0')), 1)))
                yield '"'
                if (not t_9(environment.getattr(l_2_cell, 'value'))):
                    pass
                    yield ' data-v="'
                    yield escape(environment.finalize(t_3('%.6g', environment.getattr(l_2_cell, 'value'))))
                    yield '"'
                if environment.getattr(l_2_cell, 'mark'):
                    pass
                    yield ' class="'
                    yield escape(environment.finalize(environment.getattr(l_2_cell, 'mark')))
                    yield '"'
                yield '>'
                yield escape(environment.finalize(environment.getattr(l_2_cell, 'text')))
                yield '</td>'
            l_2_loop = l_2_cell = missing
            yield '<td class="word" data-l="bound">'
            l_2_loop = missing
            for l_2_bound, l_2_loop in LoopContext(environment.getattr(l_1_row, 'bounds'), undefined):
                _loop_vars = {}
                pass
                yield '<svg class="ic k-'
                yield escape(environment.finalize(t_4(environment.getattr(l_2_bound, 'kind'))))
                yield '" aria-hidden="true"><use href="#s-'
                yield escape(environment.finalize(environment.getattr(l_2_bound, 'shape')))
                yield '"/></svg>'
                yield escape(environment.finalize(environment.getattr(l_2_bound, 'word')))
                if (not environment.getattr(l_2_loop, 'last')):
                    pass
                    yield ' → '
            l_2_loop = l_2_bound = missing
            yield '</td>'
            if (undefined(name='judged') if l_0_judged is missing else l_0_judged):
                pass
                yield '<td class="word" data-l="verdict">'
                yield escape(environment.finalize(context.call((undefined(name='pill') if l_0_pill is missing else l_0_pill), environment.getattr(l_1_row, 'verdict'), _loop_vars=_loop_vars)))
                yield '</td>'
            yield '</tr>\n'
            if environment.getattr(l_1_row, 'about'):
                pass
                yield '<tr class="more"><td colspan="'
                yield escape(environment.finalize((t_5(environment.getattr((undefined(name='table') if l_0_table is missing else l_0_table), 'heads')) + 3)))
                yield '"><dl class="pairs">'
                for (l_2_name, l_2_said) in environment.getattr(l_1_row, 'about'):
                    _loop_vars = {}
                    pass
                    yield '<dt>'
                    yield escape(environment.finalize(l_2_name))
                    yield '</dt><dd>'
                    yield escape(environment.finalize(l_2_said))
                    yield '</dd>'
                l_2_name = l_2_said = missing
                yield '</dl></td></tr>\n'
            t_13 = 0
        l_1_loop = l_1_row = missing
        if t_13:
            pass
            yield '<tr><td>Neither capture holds a launch.</td></tr>\n'
        yield '</tbody>\n'
        if ((undefined(name='judged') if l_0_judged is missing else l_0_judged) and (t_5(environment.getattr((undefined(name='table') if l_0_table is missing else l_0_table), 'rows')) > 1)):
            pass
            yield '<tfoot><tr><td class="c-name">all '
            yield escape(environment.finalize(t_1(t_5(environment.getattr(environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'diff'), 'rows')))))
            yield '</td>'
            l_1_loop = missing
            for l_1_text, l_1_loop in LoopContext(environment.getattr((undefined(name='table') if l_0_table is missing else l_0_table), 'total'), undefined):
                _loop_vars = {}
                pass
                yield '<td data-l="'
                yield escape(environment.finalize(environment.getitem(environment.getitem(environment.getattr((undefined(name='table') if l_0_table is missing else l_0_table), 'heads'), environment.getattr(l_1_loop, 'index0')), 1)))
                yield '">'
                yield escape(environment.finalize(l_1_text))
                yield '</td>'
            l_1_loop = l_1_text = missing
            yield '<td class="word"></td><td class="word"></td></tr></tfoot>\n'
        yield '</table>\n</div>\n'
        if environment.getattr((undefined(name='table') if l_0_table is missing else l_0_table), 'late'):
            pass
            yield '<p class="more-rows"><label><input type="checkbox" class="show-all"> all '
            yield escape(environment.finalize(t_1(t_5(environment.getattr((undefined(name='table') if l_0_table is missing else l_0_table), 'rows')))))
            yield ' rows</label></p>'
        yield '<p class="note">'
        yield escape(environment.finalize(context.call((undefined(name='coded') if l_0_coded is missing else l_0_coded), environment.getattr((undefined(name='table') if l_0_table is missing else l_0_table), 'note'))))
        yield '</p>\n</section>\n'
    yield '<div class="two last" id="run">\n<section aria-labelledby="run-title">\n<h2 id="run-title">How it was run <small>what differs is marked</small></h2>\n<div class="card"><table class="small how"><thead><tr><th scope="col"></th><th scope="col">before</th><th scope="col">after</th></tr></thead><tbody>\n'
    for l_1_one in environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'conditions'):
        _loop_vars = {}
        pass
        yield '<tr'
        if environment.getattr(l_1_one, 'differs'):
            pass
            yield ' class="differs"'
        yield '><th scope="row">'
        yield escape(environment.finalize(environment.getattr(l_1_one, 'what')))
        if environment.getattr(l_1_one, 'differs'):
            pass
            yield ' <span aria-label="differs">≠</span>'
        yield '</th>'
        if (environment.getattr(l_1_one, 'before') == environment.getattr(l_1_one, 'after')):
            pass
            yield '<td colspan="2">'
            yield escape(environment.finalize(environment.getattr(l_1_one, 'before')))
            yield '</td>'
        else:
            pass
            yield '<td>'
            yield escape(environment.finalize(environment.getattr(l_1_one, 'before')))
            yield '</td><td>'
            yield escape(environment.finalize(environment.getattr(l_1_one, 'after')))
            yield '</td>'
        yield '</tr>\n'
    l_1_one = missing
    yield '</tbody></table></div>\n</section>\n<section aria-labelledby="missing-title">\n'
    if (undefined(name='notes') if l_0_notes is missing else l_0_notes):
        pass
        yield '<h2>Notes, as given</h2>\n<div class="card given"><ul class="missing">'
        for l_1_note in (undefined(name='notes') if l_0_notes is missing else l_0_notes):
            _loop_vars = {}
            pass
            yield '<li>'
            yield escape(environment.finalize(context.call((undefined(name='coded') if l_0_coded is missing else l_0_coded), l_1_note, _loop_vars=_loop_vars)))
            yield '</li>'
        l_1_note = missing
        yield '</ul></div>\n'
    yield '<h2 id="missing-title">What was not measured</h2>\n<div class="card"><ul class="missing">\n'
    for (l_1_what, l_1_why) in environment.getattr((undefined(name='page') if l_0_page is missing else l_0_page), 'missing'):
        _loop_vars = {}
        pass
        yield '<li><b>'
        yield escape(environment.finalize(l_1_what))
        yield '.</b> '
        yield escape(environment.finalize(context.call((undefined(name='coded') if l_0_coded is missing else l_0_coded), l_1_why, _loop_vars=_loop_vars)))
        yield '.</li>\n'
    l_1_what = l_1_why = missing
    yield '</ul></div>\n</section>\n</div>\n</div>\n</main>\n<footer>\n<p>ncutool '
    yield escape(environment.finalize((undefined(name='version') if l_0_version is missing else l_0_version)))
    yield '. This page is one file: it loads nothing and sends nothing.</p>\n</footer>\n<script>'
    yield escape(environment.finalize((undefined(name='script') if l_0_script is missing else l_0_script)))
    yield '</script>\n</body>\n</html>'

blocks = {}
debug_info = '1=71&2=80&3=105&4=134&6=144&8=158&9=163&10=168&11=172&13=194&15=214&16=219&19=237&23=252&24=257&26=265&29=272&30=282&33=301&34=304&35=308&36=310&38=314&39=317&44=331&46=333&47=337&50=349&51=352&52=358&53=362&59=376&62=382&63=384&64=387&65=389&66=401&68=411&69=413&70=417&73=424&74=428&76=431&77=435&79=444&80=447&84=458&88=461&89=466&94=481&96=484&98=487&99=491&102=542&103=546&106=556&107=560&113=576&115=579&117=582&119=589&120=593&123=615&126=628&128=635&129=637&133=640&135=643&136=647&137=650&138=654&139=662&146=669&147=671&149=673&151=676&153=681&156=684&157=688&160=702&167=711&168=713&170=717&174=727&176=743&177=747&178=825&179=828&185=846&186=849&190=863&191=869&198=872&199=876&204=900&206=903&210=912&211=916&219=922&221=924'

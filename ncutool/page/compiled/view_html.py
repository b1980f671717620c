"""Made of view.html by docs/make_templates.py."""

made_by = '3.1.6'
made_of = [2253, 2279307529]

from jinja2.runtime import LoopContext, Macro, Markup, Namespace, TemplateNotFound, TemplateReference, TemplateRuntimeError, Undefined, escape, identity, internalcode, markup_join, missing, str_join
name = 'view.html'

def root(context, missing=missing):
    resolve = context.resolve_or_missing
    undefined = environment.undefined
    concat = environment.concat
    cond_expr_undefined = Undefined
    if 0: yield None
    l_0_view = resolve('view')
    l_0_stacked = l_0_coded = l_0_errors = l_0_warnings = l_0_copy = l_0_document = l_0_verdict = l_0_step = missing
    try:
        t_1 = environment.filters['length']
    except KeyError:
        @internalcode
        def t_1(*unused):
            raise TemplateRuntimeError("No filter named 'length' found.")
    pass
    included_template = environment.get_template('parts.html', 'view.html')._get_default_module(context)
    l_0_stacked = getattr(included_template, 'stacked', missing)
    if l_0_stacked is missing:
        l_0_stacked = undefined(f"the template {included_template.__name__!r} (imported on line 1 in 'view.html') does not export the requested name 'stacked'", name='stacked')
    l_0_coded = getattr(included_template, 'coded', missing)
    if l_0_coded is missing:
        l_0_coded = undefined(f"the template {included_template.__name__!r} (imported on line 1 in 'view.html') does not export the requested name 'coded'", name='coded')
    l_0_errors = getattr(included_template, 'errors', missing)
    if l_0_errors is missing:
        l_0_errors = undefined(f"the template {included_template.__name__!r} (imported on line 1 in 'view.html') does not export the requested name 'errors'", name='errors')
    l_0_warnings = getattr(included_template, 'warnings', missing)
    if l_0_warnings is missing:
        l_0_warnings = undefined(f"the template {included_template.__name__!r} (imported on line 1 in 'view.html') does not export the requested name 'warnings'", name='warnings')
    l_0_copy = getattr(included_template, 'copy', missing)
    if l_0_copy is missing:
        l_0_copy = undefined(f"the template {included_template.__name__!r} (imported on line 1 in 'view.html') does not export the requested name 'copy'", name='copy')
    context.vars.update({'stacked': l_0_stacked, 'coded': l_0_coded, 'errors': l_0_errors, 'warnings': l_0_warnings, 'copy': l_0_copy})
    context.exported_vars.difference_update(('stacked', 'coded', 'errors', 'warnings', 'copy'))
    l_0_document = environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'document')
    context.vars['document'] = l_0_document
    context.exported_vars.add('document')
    l_0_verdict = environment.getattr((undefined(name='document') if l_0_document is missing else l_0_document), 'verdict')
    context.vars['verdict'] = l_0_verdict
    context.exported_vars.add('verdict')
    l_0_step = environment.getattr(environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'findings'), 'next')
    context.vars['step'] = l_0_step
    context.exported_vars.add('step')
    yield '<article class="view" id="'
    yield escape(environment.finalize(environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'id')))
    yield '" aria-label="'
    yield escape(environment.finalize(environment.getattr((undefined(name='verdict') if l_0_verdict is missing else l_0_verdict), 'capture')))
    yield '">\n<div class="meta"><p><b>'
    yield escape(environment.finalize(environment.getattr((undefined(name='verdict') if l_0_verdict is missing else l_0_verdict), 'capture')))
    yield '</b><span>'
    yield escape(environment.finalize(environment.getattr(environment.getattr((undefined(name='document') if l_0_document is missing else l_0_document), 'device'), 'name')))
    yield '</span><span>'
    yield escape(environment.finalize(environment.getattr((undefined(name='verdict') if l_0_verdict is missing else l_0_verdict), 'about')))
    yield '</span><span>'
    yield escape(environment.finalize(environment.getattr((undefined(name='verdict') if l_0_verdict is missing else l_0_verdict), 'time')))
    yield '</span></p><span class="switches"><button type="button" data-theme-switch hidden title="Theme: automatic, light or dark">◐ auto</button><button type="button" data-help hidden aria-label="Keyboard help">?</button></span></div>\n<div class="verdict"><h1>'
    yield escape(environment.finalize(context.call((undefined(name='coded') if l_0_coded is missing else l_0_coded), environment.getattr((undefined(name='verdict') if l_0_verdict is missing else l_0_verdict), 'headline'))))
    yield '</h1><nav aria-label="Contents"><a href="#'
    yield escape(environment.finalize(environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'id')))
    yield '-time">Time</a><a href="#'
    yield escape(environment.finalize(environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'id')))
    yield '-findings">Findings <b>'
    yield escape(environment.finalize(t_1(environment.getattr(environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'findings'), 'items'))))
    yield '</b></a><a href="#'
    yield escape(environment.finalize(environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'id')))
    yield '-kernels">Kernels <b>'
    yield escape(environment.finalize(environment.getattr(environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'table'), 'groups')))
    yield '</b></a><a href="#'
    yield escape(environment.finalize(environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'id')))
    yield '-notes">Notes'
    if environment.getattr((undefined(name='document') if l_0_document is missing else l_0_document), 'notices'):
        pass
        yield ' <b>'
        yield escape(environment.finalize(t_1(environment.getattr((undefined(name='document') if l_0_document is missing else l_0_document), 'notices'))))
        yield '</b>'
    yield '</a></nav></div>\n<div class="frame">\n<div class="first">\n'
    yield escape(environment.finalize(context.call((undefined(name='errors') if l_0_errors is missing else l_0_errors), environment.getattr((undefined(name='document') if l_0_document is missing else l_0_document), 'notices'))))
    yield '\n'
    if (undefined(name='step') if l_0_step is missing else l_0_step):
        pass
        yield '<div class="next"><span'
        if (not environment.getattr((undefined(name='step') if l_0_step is missing else l_0_step), 'rank')):
            pass
            yield ' class="collect"'
        yield '>'
        yield escape(environment.finalize(('Next' if environment.getattr((undefined(name='step') if l_0_step is missing else l_0_step), 'rank') else 'To collect')))
        yield '</span><p>'
        yield escape(environment.finalize(context.call((undefined(name='coded') if l_0_coded is missing else l_0_coded), environment.getattr((undefined(name='step') if l_0_step is missing else l_0_step), 'text'))))
        if environment.getattr((undefined(name='step') if l_0_step is missing else l_0_step), 'saving'):
            pass
            yield ', <b>'
            yield escape(environment.finalize(environment.getattr((undefined(name='step') if l_0_step is missing else l_0_step), 'saving')))
            yield '</b>'
        yield '</p>'
        if environment.getattr((undefined(name='step') if l_0_step is missing else l_0_step), 'code'):
            pass
            yield '<code>'
            yield escape(environment.finalize(environment.getattr((undefined(name='step') if l_0_step is missing else l_0_step), 'code')))
            yield '</code>'
            yield escape(environment.finalize(context.call((undefined(name='copy') if l_0_copy is missing else l_0_copy), environment.getattr((undefined(name='step') if l_0_step is missing else l_0_step), 'code'))))
        yield '<a href="#'
        yield escape(environment.finalize(environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'id')))
        yield '-'
        if environment.getattr((undefined(name='step') if l_0_step is missing else l_0_step), 'rank'):
            pass
            yield 'finding-'
            yield escape(environment.finalize(environment.getattr((undefined(name='step') if l_0_step is missing else l_0_step), 'rank')))
        else:
            pass
            yield 'findings'
        yield '">'
        yield escape(environment.finalize(('Evidence' if environment.getattr((undefined(name='step') if l_0_step is missing else l_0_step), 'rank') else 'Why')))
        yield '</a></div>\n'
    yield escape(environment.finalize(context.call((undefined(name='warnings') if l_0_warnings is missing else l_0_warnings), environment.getattr((undefined(name='document') if l_0_document is missing else l_0_document), 'notices'))))
    yield '\n</div>\n<div class="parts" id="'
    yield escape(environment.finalize(environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'id')))
    yield '-time">\n'
    for l_1_card in environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'cards'):
        _loop_vars = {}
        pass
        yield '<section class="card" aria-label="'
        yield escape(environment.finalize(environment.getattr(l_1_card, 'heading')))
        yield '">\n'
        yield escape(environment.finalize(context.call((undefined(name='stacked') if l_0_stacked is missing else l_0_stacked), l_1_card, _loop_vars=_loop_vars)))
        yield '\n</section>\n'
    l_1_card = missing
    yield '</div>\n<div class="two">\n<div class="column">\n'
    template = environment.get_template('timeline.html', 'view.html')
    gen = template.root_render_func(template.new_context(context.get_all(), True, {'coded': l_0_coded, 'copy': l_0_copy, 'document': l_0_document, 'errors': l_0_errors, 'stacked': l_0_stacked, 'step': l_0_step, 'verdict': l_0_verdict, 'warnings': l_0_warnings}))
    try:
        for event in gen:
            yield event
    finally: gen.close()
    for l_1_drawing in environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'drawings')[1::2]:
        _loop_vars = {}
        pass
        template = environment.get_template('roofline.html', 'view.html')
        gen = template.root_render_func(template.new_context(context.get_all(), True, {'drawing': l_1_drawing, 'coded': l_0_coded, 'copy': l_0_copy, 'document': l_0_document, 'errors': l_0_errors, 'stacked': l_0_stacked, 'step': l_0_step, 'verdict': l_0_verdict, 'warnings': l_0_warnings}))
        try:
            for event in gen:
                yield event
        finally: gen.close()
    l_1_drawing = missing
    yield '</div>\n<div class="column">\n'
    for l_1_drawing in environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'drawings')[0::2]:
        _loop_vars = {}
        pass
        template = environment.get_template('roofline.html', 'view.html')
        gen = template.root_render_func(template.new_context(context.get_all(), True, {'drawing': l_1_drawing, 'coded': l_0_coded, 'copy': l_0_copy, 'document': l_0_document, 'errors': l_0_errors, 'stacked': l_0_stacked, 'step': l_0_step, 'verdict': l_0_verdict, 'warnings': l_0_warnings}))
        try:
            for event in gen:
                yield event
        finally: gen.close()
    l_1_drawing = missing
    yield '</div>\n</div>\n'
    template = environment.get_template('findings.html', 'view.html')
    gen = template.root_render_func(template.new_context(context.get_all(), True, {'coded': l_0_coded, 'copy': l_0_copy, 'document': l_0_document, 'errors': l_0_errors, 'stacked': l_0_stacked, 'step': l_0_step, 'verdict': l_0_verdict, 'warnings': l_0_warnings}))
    try:
        for event in gen:
            yield event
    finally: gen.close()
    template = environment.get_template('kernels.html', 'view.html')
    gen = template.root_render_func(template.new_context(context.get_all(), True, {'coded': l_0_coded, 'copy': l_0_copy, 'document': l_0_document, 'errors': l_0_errors, 'stacked': l_0_stacked, 'step': l_0_step, 'verdict': l_0_verdict, 'warnings': l_0_warnings}))
    try:
        for event in gen:
            yield event
    finally: gen.close()
    for l_1_section in environment.getattr((undefined(name='document') if l_0_document is missing else l_0_document), 'simple'):
        _loop_vars = {}
        pass
        template = environment.get_template('simple.html', 'view.html')
        gen = template.root_render_func(template.new_context(context.get_all(), True, {'section': l_1_section, 'coded': l_0_coded, 'copy': l_0_copy, 'document': l_0_document, 'errors': l_0_errors, 'stacked': l_0_stacked, 'step': l_0_step, 'verdict': l_0_verdict, 'warnings': l_0_warnings}))
        try:
            for event in gen:
                yield event
        finally: gen.close()
    l_1_section = missing
    template = environment.get_template('notes.html', 'view.html')
    gen = template.root_render_func(template.new_context(context.get_all(), True, {'coded': l_0_coded, 'copy': l_0_copy, 'document': l_0_document, 'errors': l_0_errors, 'stacked': l_0_stacked, 'step': l_0_step, 'verdict': l_0_verdict, 'warnings': l_0_warnings}))
    try:
        for event in gen:
            yield event
    finally: gen.close()
    yield '</div>\n</article>'

blocks = {}
debug_info = '1=19&2=37&3=40&4=43&5=47&6=51&7=59&10=79&11=81&12=84&14=116&16=118&17=120&18=124&19=126&25=130&26=136&27=139&31=147&32=150&36=158&37=164&38=170&39=173&41=180'

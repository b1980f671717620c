"""Made of page.html by docs/make_templates.py."""

made_by = '3.1.6'
made_of = [903, 1438740215]

from jinja2.runtime import LoopContext, Macro, Markup, Namespace, TemplateNotFound, TemplateReference, TemplateRuntimeError, Undefined, escape, identity, internalcode, markup_join, missing, str_join
name = 'page.html'

def root(context, missing=missing):
    resolve = context.resolve_or_missing
    undefined = environment.undefined
    concat = environment.concat
    cond_expr_undefined = Undefined
    if 0: yield None
    l_0_views = resolve('views')
    l_0_version = resolve('version')
    l_0_words = resolve('words')
    l_0_script = resolve('script')
    l_0_coded = missing
    try:
        t_1 = environment.filters['length']
    except KeyError:
        @internalcode
        def t_1(*unused):
            raise TemplateRuntimeError("No filter named 'length' found.")
    pass
    included_template = environment.get_template('parts.html', 'page.html')._get_default_module(context)
    l_0_coded = getattr(included_template, 'coded', missing)
    if l_0_coded is missing:
        l_0_coded = undefined(f"the template {included_template.__name__!r} (imported on line 1 in 'page.html') does not export the requested name 'coded'", name='coded')
    context.vars['coded'] = l_0_coded
    context.exported_vars.discard('coded')
    template = environment.get_template('head.html', 'page.html')
    gen = template.root_render_func(template.new_context(context.get_all(), True, {'coded': l_0_coded}))
    try:
        for event in gen:
            yield event
    finally: gen.close()
    yield '<body>\n'
    template = environment.get_template('textures.html', 'page.html')
    gen = template.root_render_func(template.new_context(context.get_all(), True, {'coded': l_0_coded}))
    try:
        for event in gen:
            yield event
    finally: gen.close()
    yield '<a class="skip" href="#view-1-findings">Skip to the findings</a>\n'
    if (t_1((undefined(name='views') if l_0_views is missing else l_0_views)) > 1):
        pass
        yield '<nav class="views" aria-label="Captures">\n'
        for l_1_view in (undefined(name='views') if l_0_views is missing else l_0_views):
            _loop_vars = {}
            pass
            yield '<a href="#'
            yield escape(environment.finalize(environment.getattr(l_1_view, 'id')))
            yield '"><b>'
            yield escape(environment.finalize(environment.getattr(environment.getattr(environment.getattr(l_1_view, 'document'), 'verdict'), 'capture')))
            yield '</b> <span>'
            yield escape(environment.finalize(context.call((undefined(name='coded') if l_0_coded is missing else l_0_coded), environment.getattr(environment.getattr(environment.getattr(l_1_view, 'document'), 'verdict'), 'headline'), _loop_vars=_loop_vars)))
            yield '</span></a>\n'
        l_1_view = missing
        yield '</nav>\n'
    yield '<main>\n'
    for l_1_view in (undefined(name='views') if l_0_views is missing else l_0_views):
        _loop_vars = {}
        pass
        template = environment.get_template('view.html', 'page.html')
        gen = template.root_render_func(template.new_context(context.get_all(), True, {'view': l_1_view, 'coded': l_0_coded}))
        try:
            for event in gen:
                yield event
        finally: gen.close()
    l_1_view = missing
    yield '</main>\n<footer>\n<p>ncutool '
    yield escape(environment.finalize((undefined(name='version') if l_0_version is missing else l_0_version)))
    yield '. This page is one file: it loads nothing and sends nothing.</p>\n</footer>\n'
    template = environment.get_template('help.html', 'page.html')
    gen = template.root_render_func(template.new_context(context.get_all(), True, {'coded': l_0_coded}))
    try:
        for event in gen:
            yield event
    finally: gen.close()
    yield '<script type="application/json" id="words">'
    yield escape(environment.finalize((undefined(name='words') if l_0_words is missing else l_0_words)))
    yield '</script>\n<div id="tip" role="tooltip" hidden></div>\n'
    for l_1_view in (undefined(name='views') if l_0_views is missing else l_0_views):
        _loop_vars = {}
        pass
        yield '<script type="application/json" id="'
        yield escape(environment.finalize(environment.getattr(l_1_view, 'id')))
        yield '-data">'
        yield escape(environment.finalize(environment.getattr(l_1_view, 'json')))
        yield '</script>\n'
    l_1_view = missing
    yield '<script>'
    yield escape(environment.finalize((undefined(name='script') if l_0_script is missing else l_0_script)))
    yield '</script>\n</body>\n</html>'

blocks = {}
debug_info = '1=22&2=28&4=35&6=42&8=45&9=49&14=58&15=61&19=69&21=71&22=78&24=80&25=84&27=90'

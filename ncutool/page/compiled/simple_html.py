"""Made of simple.html by docs/make_templates.py."""

made_by = '3.1.6'
made_of = [490, 1605687550]

from jinja2.runtime import LoopContext, Macro, Markup, Namespace, TemplateNotFound, TemplateReference, TemplateRuntimeError, Undefined, escape, identity, internalcode, markup_join, missing, str_join
name = 'simple.html'

def root(context, missing=missing):
    resolve = context.resolve_or_missing
    undefined = environment.undefined
    concat = environment.concat
    cond_expr_undefined = Undefined
    if 0: yield None
    l_0_view = resolve('view')
    l_0_section = resolve('section')
    l_0_rows = missing
    pass
    included_template = environment.get_template('parts.html', 'simple.html')._get_default_module(context)
    l_0_rows = getattr(included_template, 'rows', missing)
    if l_0_rows is missing:
        l_0_rows = undefined(f"the template {included_template.__name__!r} (imported on line 1 in 'simple.html') does not export the requested name 'rows'", name='rows')
    context.vars['rows'] = l_0_rows
    context.exported_vars.discard('rows')
    yield '<section aria-labelledby="'
    yield escape(environment.finalize(environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'id')))
    yield '-'
    yield escape(environment.finalize(environment.getattr((undefined(name='section') if l_0_section is missing else l_0_section), 'key')))
    yield '-title">\n<h2 id="'
    yield escape(environment.finalize(environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'id')))
    yield '-'
    yield escape(environment.finalize(environment.getattr((undefined(name='section') if l_0_section is missing else l_0_section), 'key')))
    yield '-title">'
    yield escape(environment.finalize(environment.getattr((undefined(name='section') if l_0_section is missing else l_0_section), 'title')))
    yield '</h2>\n<div class="card">\n<p class="note">'
    yield escape(environment.finalize(environment.getattr((undefined(name='section') if l_0_section is missing else l_0_section), 'note')))
    yield '</p>\n'
    for l_1_table in environment.getattr((undefined(name='section') if l_0_section is missing else l_0_section), 'tables'):
        _loop_vars = {}
        pass
        if environment.getattr(l_1_table, 'title'):
            pass
            yield '<h3>'
            yield escape(environment.finalize(environment.getattr(l_1_table, 'title')))
            yield '</h3>\n'
        yield escape(environment.finalize(context.call((undefined(name='rows') if l_0_rows is missing else l_0_rows), l_1_table, 40, label=(environment.getattr(l_1_table, 'title') or environment.getattr((undefined(name='section') if l_0_section is missing else l_0_section), 'title')), _loop_vars=_loop_vars)))
        yield '\n'
        if context.call(environment.getattr(l_1_table, 'rest'), 40, _loop_vars=_loop_vars):
            pass
            yield '<p class="note">'
            yield escape(environment.finalize(context.call(environment.getattr(l_1_table, 'rest'), 40, _loop_vars=_loop_vars)))
            yield '</p>'
    l_1_table = missing
    yield '</div>\n</section>'

blocks = {}
debug_info = '1=14&2=21&3=25&5=31&6=33&7=36&8=39&10=41&11=43'

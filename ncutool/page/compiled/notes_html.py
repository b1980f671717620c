"""Made of notes.html by docs/make_templates.py."""

made_by = '3.1.6'
made_of = [1574, 1294201591]

from jinja2.runtime import LoopContext, Macro, Markup, Namespace, TemplateNotFound, TemplateReference, TemplateRuntimeError, Undefined, escape, identity, internalcode, markup_join, missing, str_join
name = 'notes.html'

def root(context, missing=missing):
    resolve = context.resolve_or_missing
    undefined = environment.undefined
    concat = environment.concat
    cond_expr_undefined = Undefined
    if 0: yield None
    l_0_document = resolve('document')
    l_0_view = resolve('view')
    l_0_coded = l_0_rows = l_0_coverage = missing
    pass
    included_template = environment.get_template('parts.html', 'notes.html')._get_default_module(context)
    l_0_coded = getattr(included_template, 'coded', missing)
    if l_0_coded is missing:
        l_0_coded = undefined(f"the template {included_template.__name__!r} (imported on line 1 in 'notes.html') does not export the requested name 'coded'", name='coded')
    l_0_rows = getattr(included_template, 'rows', missing)
    if l_0_rows is missing:
        l_0_rows = undefined(f"the template {included_template.__name__!r} (imported on line 1 in 'notes.html') does not export the requested name 'rows'", name='rows')
    context.vars.update({'coded': l_0_coded, 'rows': l_0_rows})
    context.exported_vars.difference_update(('coded', 'rows'))
    l_0_coverage = environment.getattr((undefined(name='document') if l_0_document is missing else l_0_document), 'coverage')
    context.vars['coverage'] = l_0_coverage
    context.exported_vars.add('coverage')
    yield '<section class="notes" id="'
    yield escape(environment.finalize(environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'id')))
    yield '-notes" aria-labelledby="'
    yield escape(environment.finalize(environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'id')))
    yield '-notes-title">\n<h2 id="'
    yield escape(environment.finalize(environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'id')))
    yield '-notes-title">Notes</h2>\n<ul>\n'
    if environment.getattr(environment.getattr((undefined(name='document') if l_0_document is missing else l_0_document), 'verdict'), 'state'):
        pass
        yield '<li>'
        yield escape(environment.finalize(environment.getattr(environment.getattr((undefined(name='document') if l_0_document is missing else l_0_document), 'verdict'), 'state')))
        yield '</li>\n'
    def t_1(fiter):
        for l_1_line in fiter:
            if (environment.getattr(l_1_line, 'severity') != 'error'):
                yield l_1_line
    for l_1_line in t_1(environment.getattr((undefined(name='document') if l_0_document is missing else l_0_document), 'notices')):
        _loop_vars = {}
        pass
        yield '<li>'
        yield escape(environment.finalize(context.call((undefined(name='coded') if l_0_coded is missing else l_0_coded), environment.getattr(l_1_line, 'text'), _loop_vars=_loop_vars)))
        yield '</li>\n'
    l_1_line = missing
    yield '<li>'
    yield escape(environment.finalize(environment.getattr(environment.getattr((undefined(name='document') if l_0_document is missing else l_0_document), 'device'), 'name')))
    yield ' ('
    yield escape(environment.finalize(environment.getattr(environment.getattr((undefined(name='document') if l_0_document is missing else l_0_document), 'device'), 'peaks')))
    yield '). Device: '
    yield escape(environment.finalize(environment.getattr(environment.getattr((undefined(name='document') if l_0_document is missing else l_0_document), 'device'), 'how')))
    if environment.getattr(environment.getattr((undefined(name='document') if l_0_document is missing else l_0_document), 'device'), 'reached'):
        pass
        yield ' · '
        yield escape(environment.finalize(environment.getattr(environment.getattr((undefined(name='document') if l_0_document is missing else l_0_document), 'device'), 'reached')))
    yield '</li>\n<li>'
    yield escape(environment.finalize(environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'method')))
    yield '</li>\n</ul>\n<details class="told"><summary>Where the figures come from</summary>\n<div class="cards">\n<div class="card"><h3>'
    yield escape(environment.finalize(environment.getattr(environment.getattr((undefined(name='coverage') if l_0_coverage is missing else l_0_coverage), 'known'), 'title')))
    yield '</h3>\n'
    yield escape(environment.finalize(context.call((undefined(name='rows') if l_0_rows is missing else l_0_rows), environment.getattr((undefined(name='coverage') if l_0_coverage is missing else l_0_coverage), 'known'), None, label='What is known')))
    yield '\n<h3>'
    yield escape(environment.finalize(environment.getattr(environment.getattr((undefined(name='coverage') if l_0_coverage is missing else l_0_coverage), 'missing'), 'title')))
    yield '</h3>\n'
    if environment.getattr(environment.getattr((undefined(name='coverage') if l_0_coverage is missing else l_0_coverage), 'missing'), 'rows'):
        pass
        yield escape(environment.finalize(context.call((undefined(name='rows') if l_0_rows is missing else l_0_rows), environment.getattr((undefined(name='coverage') if l_0_coverage is missing else l_0_coverage), 'missing'), 30, label='What is not understood')))
        yield '\n'
        if context.call(environment.getattr(environment.getattr((undefined(name='coverage') if l_0_coverage is missing else l_0_coverage), 'missing'), 'rest'), 30):
            pass
            yield '<p class="note">'
            yield escape(environment.finalize(context.call(environment.getattr(environment.getattr((undefined(name='coverage') if l_0_coverage is missing else l_0_coverage), 'missing'), 'rest'), 30)))
            yield '</p>'
    else:
        pass
        yield '<p class="empty">Nothing: the figures of every launch are known.</p>\n'
    yield '</div>\n<div class="card"><h3>Sources</h3>\n'
    yield escape(environment.finalize(context.call((undefined(name='rows') if l_0_rows is missing else l_0_rows), environment.getattr((undefined(name='coverage') if l_0_coverage is missing else l_0_coverage), 'flop_sources'), None, label='Sources of FLOPs')))
    yield '\n'
    yield escape(environment.finalize(context.call((undefined(name='rows') if l_0_rows is missing else l_0_rows), environment.getattr((undefined(name='coverage') if l_0_coverage is missing else l_0_coverage), 'bytes_sources'), None, label='Sources of bytes')))
    yield '\n</div>\n</div>\n</details>\n'
    if environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'private'):
        pass
        yield '<h3>Private details, shown because they were asked for</h3>\n<dl class="card pairs">\n'
        for (l_1_name, l_1_value) in environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'private'):
            _loop_vars = {}
            pass
            yield '<dt>'
            yield escape(environment.finalize(l_1_name))
            yield '</dt><dd>'
            yield escape(environment.finalize(l_1_value))
            yield '</dd>\n'
        l_1_name = l_1_value = missing
        yield '</dl>\n'
    yield '</section>'

blocks = {}
debug_info = '1=14&2=23&3=27&4=31&6=33&7=36&9=38&10=46&12=50&13=60&17=62&18=64&19=66&20=68&21=70&22=72&28=81&29=83&33=85&36=88&37=92'

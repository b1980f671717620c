"""Made of kernels.html by docs/make_templates.py."""

made_by = '3.1.6'
made_of = [4188, 4199972756]

from jinja2.runtime import LoopContext, Macro, Markup, Namespace, TemplateNotFound, TemplateReference, TemplateRuntimeError, Undefined, escape, identity, internalcode, markup_join, missing, str_join
name = 'kernels.html'

def root(context, missing=missing):
    resolve = context.resolve_or_missing
    undefined = environment.undefined
    concat = environment.concat
    cond_expr_undefined = Undefined
    if 0: yield None
    l_0_view = resolve('view')
    l_0_coded = l_0_table = missing
    try:
        t_1 = environment.filters['counted']
    except KeyError:
        @internalcode
        def t_1(*unused):
            raise TemplateRuntimeError("No filter named 'counted' found.")
    try:
        t_2 = environment.filters['kebab']
    except KeyError:
        @internalcode
        def t_2(*unused):
            raise TemplateRuntimeError("No filter named 'kebab' found.")
    try:
        t_3 = environment.filters['length']
    except KeyError:
        @internalcode
        def t_3(*unused):
            raise TemplateRuntimeError("No filter named 'length' found.")
    pass
    included_template = environment.get_template('parts.html', 'kernels.html')._get_default_module(context)
    l_0_coded = getattr(included_template, 'coded', missing)
    if l_0_coded is missing:
        l_0_coded = undefined(f"the template {included_template.__name__!r} (imported on line 1 in 'kernels.html') does not export the requested name 'coded'", name='coded')
    context.vars['coded'] = l_0_coded
    context.exported_vars.discard('coded')
    l_0_table = environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'table')
    context.vars['table'] = l_0_table
    context.exported_vars.add('table')
    yield '<section class="kernels" id="'
    yield escape(environment.finalize(environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'id')))
    yield '-kernels" aria-labelledby="'
    yield escape(environment.finalize(environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'id')))
    yield '-kernels-title">\n<h2 id="'
    yield escape(environment.finalize(environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'id')))
    yield '-kernels-title">Kernels <small>'
    yield escape(environment.finalize(environment.getattr((undefined(name='table') if l_0_table is missing else l_0_table), 'launches')))
    yield ' in '
    yield escape(environment.finalize(t_1(environment.getattr((undefined(name='table') if l_0_table is missing else l_0_table), 'groups'), 'group')))
    yield ' of the same kernel, operator and shapes, '
    yield escape(environment.finalize(environment.getattr((undefined(name='table') if l_0_table is missing else l_0_table), 'total')))
    yield ' in all</small></h2>\n<div class="tools" hidden>\n<label class="query"><svg viewBox="0 0 16 16" aria-hidden="true"><circle cx="7" cy="7" r="4.5"/><path d="M10.5 10.5 14 14"/></svg><input type="search" data-query placeholder="time>1ms bound:memory mul" aria-label="Filter the kernels" aria-describedby="'
    yield escape(environment.finalize(environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'id')))
    yield '-problem" autocomplete="off" spellcheck="false"><kbd aria-hidden="true">/</kbd></label>\n<span data-shown role="status"></span>\n<button type="button" data-chosen data-filter="" hidden></button>\n<details class="menu"><summary>Filter by</summary><div class="syntax"><code>mul</code> a word of the name<code>"two words"</code> as they stand<code>-copy</code> without it<code>time&gt;1ms each&lt;5us</code> also <code class="in">share launches roof tflops gbs intensity</code><code>bound:memory,compute</code> either; also <code class="in">dtype op kernel family source finding</code></div></details>\n<label class="by">Group by <select data-by><option value="">nothing</option>'
    for (l_1_way, l_1_word) in environment.getattr((undefined(name='table') if l_0_table is missing else l_0_table), 'ways'):
        _loop_vars = {}
        pass
        yield '<option value="'
        yield escape(environment.finalize(l_1_way))
        yield '">'
        yield escape(environment.finalize(l_1_word))
        yield '</option>'
    l_1_way = l_1_word = missing
    yield '</select></label>\n<details class="menu"><summary>Columns</summary><div data-chooser>'
    for l_1_column in environment.getattr((undefined(name='table') if l_0_table is missing else l_0_table), 'columns')[1:]:
        _loop_vars = {}
        pass
        yield '<label><input type="checkbox" value="'
        yield escape(environment.finalize(environment.getattr(l_1_column, 'id')))
        yield '"'
        if environment.getattr(l_1_column, 'shown'):
            pass
            yield ' checked'
        yield '> '
        yield escape(environment.finalize(environment.getattr(l_1_column, 'heading')))
        yield '</label>'
    l_1_column = missing
    yield '</div></details>\n<button type="button" data-markdown title="The first 20 rows as they stand here">Copy as Markdown</button>\n<button type="button" data-csv title="All rows that match, every figure in base units">Save as CSV</button>\n</div>\n<p class="problem" id="'
    yield escape(environment.finalize(environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'id')))
    yield '-problem" data-problem role="status" hidden></p>\n<div class="card scroll" tabindex="0" role="region" aria-label="Kernels, scrollable">\n<table class="main'
    def t_4(fiter):
        for l_1_column in fiter:
            if (not environment.getattr(l_1_column, 'shown')):
                yield l_1_column
    for l_1_column in t_4(environment.getattr((undefined(name='table') if l_0_table is missing else l_0_table), 'columns')):
        _loop_vars = {}
        pass
        yield ' hide-'
        yield escape(environment.finalize(environment.getattr(l_1_column, 'id')))
    l_1_column = missing
    yield '" style="'
    for l_1_column in environment.getattr((undefined(name='table') if l_0_table is missing else l_0_table), 'columns'):
        _loop_vars = {}
        pass
        yield '--l-'
        yield escape(environment.finalize(environment.getattr(l_1_column, 'id')))
        yield ":'"
        yield escape(environment.finalize(environment.getattr(l_1_column, 'heading')))
        yield "';"
    l_1_column = missing
    yield '">\n<thead><tr>'
    for l_1_column in environment.getattr((undefined(name='table') if l_0_table is missing else l_0_table), 'columns'):
        _loop_vars = {}
        pass
        yield '<th scope="col" class="c-'
        yield escape(environment.finalize(environment.getattr(l_1_column, 'id')))
        yield '" data-column="'
        yield escape(environment.finalize(environment.getattr(l_1_column, 'id')))
        yield '"'
        if (environment.getattr(l_1_column, 'id') == 'time'):
            pass
            yield ' aria-sort="descending"'
        if environment.getattr(l_1_column, 'meaning'):
            pass
            yield ' title="'
            yield escape(environment.finalize(environment.getattr(l_1_column, 'meaning')))
            yield '"'
        yield '>'
        yield escape(environment.finalize(environment.getattr(l_1_column, 'heading')))
        yield '</th>'
    l_1_column = missing
    yield '<th class="c-link"><span class="unseen-text">link</span></th></tr></thead>\n<tbody>\n'
    t_5 = 1
    for l_1_row in environment.getattr((undefined(name='table') if l_0_table is missing else l_0_table), 'rows'):
        _loop_vars = {}
        pass
        yield '<tr id="'
        yield escape(environment.finalize(environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'id')))
        yield '-kernel-'
        yield escape(environment.finalize(environment.getattr(l_1_row, 'group')))
        yield '" data-group="'
        yield escape(environment.finalize(environment.getattr(l_1_row, 'group')))
        yield '"><td class="c-name"'
        if environment.getattr(l_1_row, 'whole'):
            pass
            yield ' title="'
            yield escape(environment.finalize(environment.getattr(l_1_row, 'whole')))
            yield '"'
        yield '><div><b>'
        yield escape(environment.finalize(environment.getattr(l_1_row, 'name')))
        yield '</b> <span>'
        yield escape(environment.finalize(environment.getattr(l_1_row, 'detail')))
        yield '</span>'
        if environment.getattr(l_1_row, 'tag'):
            pass
            yield '<a class="tag" href="#'
            yield escape(environment.finalize(environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'id')))
            yield '-finding-'
            yield escape(environment.finalize(environment.getattr(environment.getattr(l_1_row, 'tag'), 'rank')))
            yield '">'
            yield escape(environment.finalize(environment.getattr(environment.getattr(l_1_row, 'tag'), 'text')))
            yield '</a>'
            if environment.getattr(l_1_row, 'more_tags'):
                pass
                yield '<i class="more-tags">+'
                yield escape(environment.finalize(environment.getattr(l_1_row, 'more_tags')))
                yield '</i>'
        yield '</div></td>'
        for l_2_cell in environment.getattr(l_1_row, 'cells'):
            _loop_vars = {}
            pass
            yield '<td class="c-'
            yield escape(environment.finalize(environment.getattr(l_2_cell, 'column')))
            if environment.getattr(l_2_cell, 'mark'):
                pass
                yield ' '
                yield escape(environment.finalize(environment.getattr(l_2_cell, 'mark')))
            yield '">'
            if (environment.getattr(l_2_cell, 'column') == 'share'):
                pass
                yield '<span class="share-bar">'
                if environment.getattr(l_1_row, 'bar_pct'):
                    pass
                    yield '<i class="k-'
                    yield escape(environment.finalize(t_2(environment.getattr(l_1_row, 'bound'))))
                    yield '" style="width:'
                    yield escape(environment.finalize(environment.getattr(l_1_row, 'bar_pct')))
                    yield '%"></i>'
                yield '</span>'
            elif (environment.getattr(l_2_cell, 'column') == 'bound'):
                pass
                yield '<svg class="ic k-'
                yield escape(environment.finalize(t_2(environment.getattr(l_1_row, 'bound'))))
                yield '" aria-hidden="true"><use href="#s-'
                yield escape(environment.finalize(environment.getattr(l_1_row, 'symbol')))
                yield '"/></svg>'
            yield escape(environment.finalize(environment.getattr(l_2_cell, 'text')))
            yield '</td>'
        l_2_cell = missing
        yield '<td class="c-link"><a class="link" href="#'
        yield escape(environment.finalize(environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'id')))
        yield '-kernel-'
        yield escape(environment.finalize(environment.getattr(l_1_row, 'group')))
        yield '" aria-label="Link to row '
        yield escape(environment.finalize((environment.getattr(l_1_row, 'group') + 1)))
        yield '">#</a></td></tr>\n'
        t_5 = 0
    l_1_row = missing
    if t_5:
        pass
        yield '<tr class="none"><td>This capture holds no launch.</td></tr>\n'
    yield '</tbody>\n</table>\n</div>\n<p class="more-rows"><button type="button" data-all hidden></button></p>\n<noscript>'
    if (t_3(environment.getattr((undefined(name='table') if l_0_table is missing else l_0_table), 'rows')) < environment.getattr((undefined(name='table') if l_0_table is missing else l_0_table), 'groups')):
        pass
        yield '<p class="note">The first '
        yield escape(environment.finalize(t_3(environment.getattr((undefined(name='table') if l_0_table is missing else l_0_table), 'rows'))))
        yield ' of '
        yield escape(environment.finalize(t_1(environment.getattr((undefined(name='table') if l_0_table is missing else l_0_table), 'groups'), 'group')))
        yield '; sorting, filtering and the others need JavaScript, which this page carries itself.</p>'
    yield '</noscript>\n'
    if environment.getattr((undefined(name='table') if l_0_table is missing else l_0_table), 'note'):
        pass
        yield '<p class="note">'
        yield escape(environment.finalize(context.call((undefined(name='coded') if l_0_coded is missing else l_0_coded), environment.getattr((undefined(name='table') if l_0_table is missing else l_0_table), 'note'))))
        yield '</p>'
    yield '</section>'

blocks = {}
debug_info = '1=31&2=37&3=41&4=45&6=53&10=55&11=65&15=79&17=81&18=102&20=124&21=128&29=203&30=211'

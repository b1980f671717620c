"""Made of sheet.html by docs/make_templates.py."""

made_by = '3.1.6'
made_of = [2371, 675181200]

from jinja2.runtime import LoopContext, Macro, Markup, Namespace, TemplateNotFound, TemplateReference, TemplateRuntimeError, Undefined, escape, identity, internalcode, markup_join, missing, str_join
name = 'sheet.html'

def root(context, missing=missing):
    resolve = context.resolve_or_missing
    undefined = environment.undefined
    concat = environment.concat
    cond_expr_undefined = Undefined
    if 0: yield None
    l_0_sheet = resolve('sheet')
    l_0_pictures = resolve('pictures')
    l_0_version = resolve('version')
    l_0_script = resolve('script')
    l_0_coded = missing
    pass
    included_template = environment.get_template('parts.html', 'sheet.html')._get_default_module(context)
    l_0_coded = getattr(included_template, 'coded', missing)
    if l_0_coded is missing:
        l_0_coded = undefined(f"the template {included_template.__name__!r} (imported on line 1 in 'sheet.html') does not export the requested name 'coded'", name='coded')
    context.vars['coded'] = l_0_coded
    context.exported_vars.discard('coded')
    l_1_title = markup_join((environment.getattr((undefined(name='sheet') if l_0_sheet is missing else l_0_sheet), 'headline'), ' · ncutool', ))
    pass
    template = environment.get_template('head.html', 'sheet.html')
    gen = template.root_render_func(template.new_context(context.get_all(), True, {'title': l_1_title, 'coded': l_0_coded}))
    try:
        for event in gen:
            yield event
    finally: gen.close()
    l_1_title = missing
    yield '<body>\n<a class="skip" href="#content">Skip to the figures</a>\n<main class="paper">\n<header>\n<p class="brand"><span>ncutool · floors from datasheet figures</span><button data-theme-switch hidden title="Light or dark">◐ auto</button></p>\n<h1>'
    yield escape(environment.finalize(environment.getattr((undefined(name='sheet') if l_0_sheet is missing else l_0_sheet), 'headline')))
    yield '</h1>\n</header>\n<div id="content">\n'
    if environment.getattr((undefined(name='sheet') if l_0_sheet is missing else l_0_sheet), 'facts'):
        pass
        yield '<section class="card facts" aria-label="Figures">\n<dl>\n'
        for (l_1_name, l_1_figure, l_1_remark) in environment.getattr((undefined(name='sheet') if l_0_sheet is missing else l_0_sheet), 'facts'):
            _loop_vars = {}
            pass
            yield '<dt>'
            yield escape(environment.finalize(l_1_name))
            yield '</dt><dd><b>'
            yield escape(environment.finalize(l_1_figure))
            yield '</b> <span>'
            yield escape(environment.finalize(l_1_remark))
            yield '</span></dd>\n'
        l_1_name = l_1_figure = l_1_remark = missing
        yield '</dl>\n</section>\n'
    for l_1_picture in (undefined(name='pictures') if l_0_pictures is missing else l_0_pictures):
        _loop_vars = {}
        pass
        yield '<section aria-label="'
        yield escape(environment.finalize(environment.getattr(l_1_picture, 'title')))
        yield '">\n<h2>'
        yield escape(environment.finalize(environment.getattr(l_1_picture, 'title')))
        yield '</h2>\n<div class="card drawn">\n<div class="wide">'
        yield escape(environment.finalize(environment.getitem(environment.getattr(l_1_picture, 'drawn'), 0)))
        yield '</div><div class="narrow">'
        yield escape(environment.finalize(environment.getitem(environment.getattr(l_1_picture, 'drawn'), 1)))
        yield '</div>\n'
        if environment.getattr(l_1_picture, 'names'):
            pass
            yield '<ul class="names">'
            for (l_2_name, l_2_color, l_2_symbol, l_2_dashed) in environment.getattr(l_1_picture, 'names'):
                _loop_vars = {}
                pass
                yield '<li><i aria-hidden="true" style="border-top:3px '
                yield escape(environment.finalize(('dashed' if l_2_dashed else 'solid')))
                yield ' '
                yield escape(environment.finalize(l_2_color))
                yield '"></i><b aria-hidden="true" style="color:'
                yield escape(environment.finalize(l_2_color))
                yield '">'
                yield escape(environment.finalize(l_2_symbol))
                yield '</b> '
                yield escape(environment.finalize(l_2_name))
                yield '</li>'
            l_2_name = l_2_color = l_2_symbol = l_2_dashed = missing
            yield '</ul>\n'
        yield '<p class="note">'
        yield escape(environment.finalize(environment.getattr(l_1_picture, 'note')))
        yield '</p>\n</div>\n</section>\n'
    l_1_picture = missing
    l_1_loop = missing
    for l_1_grid, l_1_loop in LoopContext(environment.getattr((undefined(name='sheet') if l_0_sheet is missing else l_0_sheet), 'grids'), undefined):
        _loop_vars = {}
        pass
        yield '<section aria-label="'
        yield escape(environment.finalize((environment.getattr(l_1_grid, 'title') or 'Devices')))
        yield '">\n<h2>'
        yield escape(environment.finalize((environment.getattr(l_1_grid, 'title') or 'Devices')))
        yield '</h2>\n<div class="card scroll" tabindex="0" role="region" aria-label="'
        yield escape(environment.finalize((environment.getattr(l_1_grid, 'title') or 'Devices')))
        yield ', scrollable">\n<table class="sweep"><thead><tr>'
        for l_2_heading in environment.getattr(l_1_grid, 'headings'):
            _loop_vars = {}
            pass
            yield '<th scope="col"'
            if (l_2_heading in environment.getattr(l_1_grid, 'words')):
                pass
                yield ' class="words"'
            yield '>'
            yield escape(environment.finalize(l_2_heading))
            yield '</th>'
        l_2_heading = missing
        yield '</tr></thead>\n<tbody>\n'
        l_2_loop = missing
        for l_2_row, l_2_loop in LoopContext(environment.getattr(l_1_grid, 'rows'), undefined):
            _loop_vars = {}
            pass
            yield '<tr>'
            l_3_loop = missing
            for l_3_cell, l_3_loop in LoopContext(l_2_row, undefined):
                _loop_vars = {}
                pass
                yield '<td'
                if (environment.getitem(environment.getattr(l_1_grid, 'headings'), environment.getattr(l_3_loop, 'index0')) in environment.getattr(l_1_grid, 'words')):
                    pass
                    yield ' class="words"'
                yield '>'
                yield escape(environment.finalize(l_3_cell))
                yield '</td>'
            l_3_loop = l_3_cell = missing
            yield '</tr>\n'
        l_2_loop = l_2_row = missing
        yield '</tbody></table>\n</div>\n</section>\n'
    l_1_loop = l_1_grid = missing
    yield '<section aria-labelledby="notes-title">\n<h2 id="notes-title">What to know</h2>\n<div class="card">\n<ul class="know">\n'
    for l_1_note in environment.getattr((undefined(name='sheet') if l_0_sheet is missing else l_0_sheet), 'notes'):
        _loop_vars = {}
        pass
        yield '<li>'
        yield escape(environment.finalize(context.call((undefined(name='coded') if l_0_coded is missing else l_0_coded), l_1_note, _loop_vars=_loop_vars)))
        yield '</li>\n'
    l_1_note = missing
    yield '</ul>\n</div>\n</section>\n</div>\n</main>\n<footer>\n<p>Peaks are dense, from the device table. docs/workloads.md derives each formula.</p>\n<p>ncutool '
    yield escape(environment.finalize((undefined(name='version') if l_0_version is missing else l_0_version)))
    yield '. This page is one file: it loads nothing and sends nothing.</p>\n</footer>\n<script>'
    yield escape(environment.finalize((undefined(name='script') if l_0_script is missing else l_0_script)))
    yield '</script>\n</body>\n</html>'

blocks = {}
debug_info = '1=16&2=24&8=32&11=34&14=37&15=41&20=49&21=53&22=55&24=57&25=61&26=64&28=81&32=85&33=89&34=91&35=93&36=95&38=108&39=113&49=129&50=133&59=137&61=139'

"""Made of plan.html by docs/make_templates.py."""

made_by = '3.1.6'
made_of = [6521, 2717238743]

from jinja2.runtime import LoopContext, Macro, Markup, Namespace, TemplateNotFound, TemplateReference, TemplateRuntimeError, Undefined, escape, identity, internalcode, markup_join, missing, str_join
name = 'plan.html'

def root(context, missing=missing):
    resolve = context.resolve_or_missing
    undefined = environment.undefined
    concat = environment.concat
    cond_expr_undefined = Undefined
    if 0: yield None
    l_0_headline = resolve('headline')
    l_0_plan = resolve('plan')
    l_0_types = resolve('types')
    l_0_pieces = resolve('pieces')
    l_0_last = resolve('last')
    l_0_start = resolve('start')
    l_0_told = resolve('told')
    l_0_roofline = resolve('roofline')
    l_0_speed = resolve('speed')
    l_0_groups = resolve('groups')
    l_0_point_headings = resolve('point_headings')
    l_0_batches = resolve('batches')
    l_0_speeds = resolve('speeds')
    l_0_contexts = resolve('contexts')
    l_0_headings = resolve('headings')
    l_0_further = resolve('further')
    l_0_version = resolve('version')
    l_0_data = resolve('data')
    l_0_script = resolve('script')
    l_0_coded = l_0_cells = l_0_head = l_0_picture = missing
    try:
        t_1 = environment.filters['count']
    except KeyError:
        @internalcode
        def t_1(*unused):
            raise TemplateRuntimeError("No filter named 'count' found.")
    try:
        t_2 = environment.filters['round']
    except KeyError:
        @internalcode
        def t_2(*unused):
            raise TemplateRuntimeError("No filter named 'round' found.")
    pass
    included_template = environment.get_template('parts.html', 'plan.html')._get_default_module(context)
    l_0_coded = getattr(included_template, 'coded', missing)
    if l_0_coded is missing:
        l_0_coded = undefined(f"the template {included_template.__name__!r} (imported on line 1 in 'plan.html') does not export the requested name 'coded'", name='coded')
    context.vars['coded'] = l_0_coded
    context.exported_vars.discard('coded')
    def macro(l_1_row):
        t_3 = []
        if l_1_row is missing:
            l_1_row = undefined("parameter 'row' was not provided", name='row')
        pass
        l_2_loop = missing
        for l_2_cell, l_2_loop in LoopContext(l_1_row, undefined):
            _loop_vars = {}
            pass
            t_3.append(
                '<td',
            )
            if ((environment.getattr(l_2_loop, 'index0') in (3, 4)) or environment.getattr(l_2_loop, 'last')):
                pass
                t_3.append(
                    ' class="words"',
                )
            t_3.append(
                '>',
            )
            if (environment.getattr(l_2_loop, 'index0') == 3):
                pass
                t_3.extend((
                    '<i class="dot k-',
                    escape(environment.finalize(l_2_cell)),
                    '" aria-hidden="true"></i>',
                ))
            t_3.extend((
                escape(environment.finalize(l_2_cell)),
                '</td>',
            ))
        l_2_loop = l_2_cell = missing
        return concat(t_3)
    context.exported_vars.add('cells')
    context.vars['cells'] = l_0_cells = Macro(environment, macro, 'cells', ('row',), False, False, False, context.eval_ctx.autoescape)
    def macro(l_1_headings):
        t_4 = []
        if l_1_headings is missing:
            l_1_headings = undefined("parameter 'headings' was not provided", name='headings')
        pass
        t_4.append(
            '<thead><tr>',
        )
        for l_2_heading in l_1_headings:
            _loop_vars = {}
            pass
            t_4.append(
                '<th scope="col"',
            )
            if (l_2_heading in ('bound', 'by', '', 'ends', 'part', 'sizes', 'limited by')):
                pass
                t_4.append(
                    ' class="words"',
                )
            t_4.extend((
                '>',
                escape(environment.finalize(l_2_heading)),
                '</th>',
            ))
        l_2_heading = missing
        t_4.append(
            '</tr></thead>\n',
        )
        return concat(t_4)
    context.exported_vars.add('head')
    context.vars['head'] = l_0_head = Macro(environment, macro, 'head', ('headings',), False, False, False, context.eval_ctx.autoescape)
    def macro(l_1_name, l_1_title, l_1_drawn, l_1_caller):
        t_5 = []
        if l_1_name is missing:
            l_1_name = undefined("parameter 'name' was not provided", name='name')
        if l_1_title is missing:
            l_1_title = undefined("parameter 'title' was not provided", name='title')
        if l_1_drawn is missing:
            l_1_drawn = undefined("parameter 'drawn' was not provided", name='drawn')
        pass
        t_5.extend((
            '<section class="card picture" aria-labelledby="',
            escape(environment.finalize(l_1_name)),
            '-title">\n<h2 id="',
            escape(environment.finalize(l_1_name)),
            '-title">',
            escape(environment.finalize(l_1_title)),
            '</h2>\n<div class="plot" id="',
            escape(environment.finalize(l_1_name)),
            '"><div class="wide">',
            escape(environment.finalize(environment.getitem(l_1_drawn, 0))),
            '</div><div class="narrow">',
            escape(environment.finalize(environment.getitem(l_1_drawn, 1))),
            '</div></div>\n',
            escape(environment.finalize(context.call(l_1_caller))),
            '\n</section>\n',
        ))
        return concat(t_5)
    context.exported_vars.add('picture')
    context.vars['picture'] = l_0_picture = Macro(environment, macro, 'picture', ('name', 'title', 'drawn'), False, False, True, context.eval_ctx.autoescape)
    template = environment.get_template('head.html', 'plan.html')
    gen = template.root_render_func(template.new_context(context.get_all(), True, {'cells': l_0_cells, 'coded': l_0_coded, 'head': l_0_head, 'picture': l_0_picture}))
    try:
        for event in gen:
            yield event
    finally: gen.close()
    yield '<body>\n<a class="skip" href="#content">Skip to the figures</a>\n<main class="paper">\n<header>\n<p class="brand"><span>ncutool · plan from datasheet figures, nothing measured</span><button data-theme-switch hidden title="Light or dark">◐ auto</button></p>\n<h1>'
    yield escape(environment.finalize((undefined(name='headline') if l_0_headline is missing else l_0_headline)))
    yield '</h1>\n<p class="about"><b>'
    yield escape(environment.finalize(environment.getattr(environment.getattr((undefined(name='plan') if l_0_plan is missing else l_0_plan), 'model'), 'name')))
    yield '</b> · '
    yield escape(environment.finalize(environment.getattr(environment.getattr((undefined(name='plan') if l_0_plan is missing else l_0_plan), 'model'), 'attention')))
    yield ' · weights '
    yield escape(environment.finalize((undefined(name='types') if l_0_types is missing else l_0_types)))
    yield ', cache '
    yield escape(environment.finalize(environment.getattr(environment.getattr((undefined(name='plan') if l_0_plan is missing else l_0_plan), 'types'), 'kv')))
    yield ', activations '
    yield escape(environment.finalize(environment.getattr(environment.getattr((undefined(name='plan') if l_0_plan is missing else l_0_plan), 'types'), 'activations')))
    yield '<br><span class="how">'
    if environment.getattr(environment.getattr((undefined(name='plan') if l_0_plan is missing else l_0_plan), 'model'), 'source'):
        pass
        yield 'Configuration: '
        yield escape(environment.finalize(environment.getattr(environment.getattr((undefined(name='plan') if l_0_plan is missing else l_0_plan), 'model'), 'source')))
        yield ' · '
    yield 'Peaks of '
    yield escape(environment.finalize(environment.getattr(environment.getattr((undefined(name='plan') if l_0_plan is missing else l_0_plan), 'device'), 'name')))
    yield ': '
    yield escape(environment.finalize((environment.getattr(environment.getattr((undefined(name='plan') if l_0_plan is missing else l_0_plan), 'device'), 'confidence') or 'no confidence stated')))
    yield '</span></p>\n</header>\n<section id="content" aria-labelledby="memory-title">\n<h2 id="memory-title">Memory of one device</h2>\n<div class="card">\n<div class="stack" aria-hidden="true">'
    for l_1_piece in (undefined(name='pieces') if l_0_pieces is missing else l_0_pieces):
        _loop_vars = {}
        pass
        yield '<i class="'
        yield escape(environment.finalize(environment.getattr(l_1_piece, 'kind')))
        yield ' k-'
        yield escape(environment.finalize(environment.getattr(l_1_piece, 'kind')))
        yield '" style="width:'
        yield escape(environment.finalize(t_2(environment.getattr(l_1_piece, 'pct'), 3)))
        yield '%"></i>'
    l_1_piece = missing
    yield '</div>\n<ul class="legend">'
    for l_1_piece in (undefined(name='pieces') if l_0_pieces is missing else l_0_pieces):
        _loop_vars = {}
        pass
        yield '<li><i class="'
        yield escape(environment.finalize(environment.getattr(l_1_piece, 'kind')))
        yield ' k-'
        yield escape(environment.finalize(environment.getattr(l_1_piece, 'kind')))
        yield '" aria-hidden="true"></i>'
        yield escape(environment.finalize(environment.getattr(l_1_piece, 'text')))
        yield '</li>'
    l_1_piece = missing
    yield '</ul>\n</div>\n</section>\n<section aria-labelledby="pictures-title">\n<h2 id="pictures-title">What each batch reaches, at most</h2>\n<div class="card chooser">\n<label id="slider" hidden><span>batch</span><input type="range" min="0" max="'
    yield escape(environment.finalize((undefined(name='last') if l_0_last is missing else l_0_last)))
    yield '" step="1" value="'
    yield escape(environment.finalize((undefined(name='start') if l_0_start is missing else l_0_start)))
    yield '" aria-describedby="readout"></label>\n<p class="note" id="readout" aria-live="polite">'
    yield escape(environment.finalize((undefined(name='told') if l_0_told is missing else l_0_told)))
    yield '</p>\n</div>\n<div class="pair">\n'
    def macro():
        t_6 = []
        l_1_kinds = resolve('kinds')
        pass
        t_6.append(
            '<p class="note">',
        )
        for (l_2_kind, l_2_symbol) in (undefined(name='kinds') if l_1_kinds is missing else l_1_kinds):
            _loop_vars = {}
            pass
            t_6.extend((
                '<span class="kind"><i aria-hidden="true">',
                escape(environment.finalize(l_2_symbol)),
                '</i> ',
                escape(environment.finalize(l_2_kind)),
                '</span>',
            ))
        l_2_kind = l_2_symbol = missing
        t_6.append(
            '<span class="kind"><i class="dot k-memory" aria-hidden="true"></i>memory-bound</span><span class="kind"><i class="dot k-compute" aria-hidden="true"></i>compute-bound</span></p>\n<p class="note">Small marks are every batch, hollow where memory does not hold it; the large ones are the batch chosen. Matrix products share one read of the weights, so they move right as the batch grows; attention reads a cache for each sequence and stays. A thin roof is one that this plan has no arithmetic for.</p>\n',
        )
        return concat(t_6)
    caller = Macro(environment, macro, None, (), False, False, False, context.eval_ctx.autoescape)
    yield context.call((undefined(name='picture') if l_0_picture is missing else l_0_picture), 'roofline', 'Roofline of a decode step and a prompt', (undefined(name='roofline') if l_0_roofline is missing else l_0_roofline), caller=caller)
    def macro():
        t_7 = []
        pass
        t_7.append(
            '<p class="note">No program lies above the line. It is dotted where memory does not hold the batch; the ring is the largest that it holds.',
        )
        if environment.getattr(environment.getattr((undefined(name='plan') if l_0_plan is missing else l_0_plan), 'model'), 'experts'):
            pass
            t_7.append(
                ' The thin line is what uniformly chosen experts allow; the thick one reads the fewest experts that may be.',
            )
        t_7.append(
            '</p>\n',
        )
        return concat(t_7)
    caller = Macro(environment, macro, None, (), False, False, False, context.eval_ctx.autoescape)
    yield context.call((undefined(name='picture') if l_0_picture is missing else l_0_picture), 'speed', 'Throughput against the speed of each user', (undefined(name='speed') if l_0_speed is missing else l_0_speed), caller=caller)
    yield '</div>\n</section>\n<div class="cards figures">\n'
    for (l_1_title, l_1_facts) in (undefined(name='groups') if l_0_groups is missing else l_0_groups):
        _loop_vars = {}
        pass
        yield '<section class="card" aria-label="'
        yield escape(environment.finalize(l_1_title))
        yield '">\n<h2>'
        yield escape(environment.finalize(l_1_title))
        yield '</h2>\n<dl>\n'
        for l_2_fact in l_1_facts:
            _loop_vars = {}
            pass
            yield '<dt>'
            yield escape(environment.finalize(environment.getattr(l_2_fact, 'name')))
            yield '</dt><dd><b>'
            yield escape(environment.finalize(environment.getattr(l_2_fact, 'value')))
            yield '</b> <span>'
            yield escape(environment.finalize(environment.getattr(l_2_fact, 'remark')))
            yield '</span></dd>\n'
        l_2_fact = missing
        yield '</dl>\n</section>\n'
    l_1_title = l_1_facts = missing
    yield '</div>\n<section aria-labelledby="batch-title">\n<h2 id="batch-title">Batch, at a context of '
    yield escape(environment.finalize(t_1(environment.getattr((undefined(name='plan') if l_0_plan is missing else l_0_plan), 'context_tokens'))))
    yield ' tokens</h2>\n<div class="card scroll" tabindex="0" role="region" aria-label="Sweep over the batch, scrollable">\n<table class="sweep">'
    yield escape(environment.finalize(context.call((undefined(name='head') if l_0_head is missing else l_0_head), (undefined(name='point_headings') if l_0_point_headings is missing else l_0_point_headings))))
    yield '\n<tbody>\n'
    l_1_loop = missing
    for (l_1_batch, l_1_row, l_1_fits), l_1_loop in LoopContext((undefined(name='batches') if l_0_batches is missing else l_0_batches), undefined):
        _loop_vars = {}
        pass
        yield '<tr data-batch="'
        yield escape(environment.finalize(environment.getattr(l_1_loop, 'index0')))
        yield '" class="'
        yield escape(environment.finalize(('' if l_1_fits else 'unfit')))
        yield escape(environment.finalize((' chosen' if (environment.getattr(l_1_loop, 'index0') == (undefined(name='start') if l_0_start is missing else l_0_start)) else '')))
        yield '">'
        yield escape(environment.finalize(context.call((undefined(name='cells') if l_0_cells is missing else l_0_cells), l_1_row, _loop_vars=_loop_vars)))
        yield '</tr>\n'
    l_1_loop = l_1_batch = l_1_row = l_1_fits = missing
    yield '</tbody></table>\n</div>\n</section>\n'
    if environment.getattr((undefined(name='speeds') if l_0_speeds is missing else l_0_speeds), 'rows'):
        pass
        yield '<section aria-labelledby="speeds-title">\n<h2 id="speeds-title">'
        yield escape(environment.finalize(environment.getattr((undefined(name='speeds') if l_0_speeds is missing else l_0_speeds), 'title')))
        yield '</h2>\n<div class="card scroll" tabindex="0" role="region" aria-label="Throughput at the speeds of each user, scrollable">\n<table class="sweep">'
        yield escape(environment.finalize(context.call((undefined(name='head') if l_0_head is missing else l_0_head), environment.getattr((undefined(name='speeds') if l_0_speeds is missing else l_0_speeds), 'headings'))))
        yield '\n<tbody>\n'
        l_1_loop = missing
        for l_1_row, l_1_loop in LoopContext(environment.getattr((undefined(name='speeds') if l_0_speeds is missing else l_0_speeds), 'rows'), undefined):
            _loop_vars = {}
            pass
            yield '<tr>'
            l_2_loop = missing
            for l_2_cell, l_2_loop in LoopContext(l_1_row, undefined):
                _loop_vars = {}
                pass
                yield '<td'
                if environment.getattr(l_2_loop, 'last'):
                    pass
                    yield ' class="words"'
                yield '>'
                yield escape(environment.finalize(l_2_cell))
                yield '</td>'
            l_2_loop = l_2_cell = missing
            yield '</tr>\n'
        l_1_loop = l_1_row = missing
        yield '</tbody></table>\n</div>\n</section>\n'
    if (undefined(name='contexts') if l_0_contexts is missing else l_0_contexts):
        pass
        yield '<section aria-labelledby="context-title">\n<h2 id="context-title">Context, at batch '
        yield escape(environment.finalize(t_1(environment.getattr((undefined(name='plan') if l_0_plan is missing else l_0_plan), 'batch'))))
        yield '</h2>\n<div class="card scroll" tabindex="0" role="region" aria-label="Sweep over the context, scrollable">\n<table class="sweep">'
        yield escape(environment.finalize(context.call((undefined(name='head') if l_0_head is missing else l_0_head), (('context',) + (undefined(name='headings') if l_0_headings is missing else l_0_headings)))))
        yield '\n<tbody>\n'
        for l_1_row in (undefined(name='contexts') if l_0_contexts is missing else l_0_contexts):
            _loop_vars = {}
            pass
            yield '<tr>'
            yield escape(environment.finalize(context.call((undefined(name='cells') if l_0_cells is missing else l_0_cells), l_1_row, _loop_vars=_loop_vars)))
            yield '</tr>\n'
        l_1_row = missing
        yield '</tbody></table>\n</div>\n</section>\n'
    l_1_loop = missing
    for l_1_grid, l_1_loop in LoopContext((undefined(name='further') if l_0_further is missing else l_0_further), undefined):
        _loop_vars = {}
        pass
        yield '<section aria-labelledby="further-'
        yield escape(environment.finalize(environment.getattr(l_1_loop, 'index')))
        yield '">\n<h2 id="further-'
        yield escape(environment.finalize(environment.getattr(l_1_loop, 'index')))
        yield '">'
        yield escape(environment.finalize(environment.getattr(l_1_grid, 'title')))
        yield '</h2>\n<div class="card scroll" tabindex="0" role="region" aria-label="'
        yield escape(environment.finalize(environment.getattr(l_1_grid, 'title')))
        yield ', scrollable">\n<table class="sweep">'
        yield escape(environment.finalize(context.call((undefined(name='head') if l_0_head is missing else l_0_head), environment.getattr(l_1_grid, 'headings'), _loop_vars=_loop_vars)))
        yield '\n<tbody>\n'
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
    for l_1_note in environment.getattr((undefined(name='plan') if l_0_plan is missing else l_0_plan), 'notes'):
        _loop_vars = {}
        pass
        yield '<li>'
        yield escape(environment.finalize(context.call((undefined(name='coded') if l_0_coded is missing else l_0_coded), l_1_note, _loop_vars=_loop_vars)))
        yield '</li>\n'
    l_1_note = missing
    yield '<li>step = max((weights read + batch × context × KV) / bandwidth, FLOPs / peak): a floor. Launches, activations, sampling and communication come on top; docs/planner.md derives each formula.</li>\n'
    for (l_1_name, l_1_storage) in environment.getattr(environment.getattr((undefined(name='plan') if l_0_plan is missing else l_0_plan), 'types'), 'storage'):
        _loop_vars = {}
        pass
        yield '<li>'
        yield escape(environment.finalize(l_1_name))
        yield ': '
        yield escape(environment.finalize(l_1_storage))
        yield '</li>\n'
    l_1_name = l_1_storage = missing
    yield '</ul>\n</div>\n</section>\n</main>\n<footer>\n<p>Peaks are dense, from the device table: '
    yield escape(environment.finalize((environment.getattr(environment.getattr((undefined(name='plan') if l_0_plan is missing else l_0_plan), 'device'), 'source') or 'source not stated')))
    yield '.</p>\n<p>ncutool '
    yield escape(environment.finalize((undefined(name='version') if l_0_version is missing else l_0_version)))
    yield '. This page is one file: it loads nothing and sends nothing.</p>\n</footer>\n<script type="application/json" id="plan-data">'
    yield escape(environment.finalize((undefined(name='data') if l_0_data is missing else l_0_data)))
    yield '</script>\n<script>'
    yield escape(environment.finalize((undefined(name='script') if l_0_script is missing else l_0_script)))
    yield '</script>\n</body>\n</html>'

blocks = {}
debug_info = '1=43&2=49&3=55&5=84&6=92&8=115&9=126&10=128&11=132&12=138&15=144&21=151&22=153&27=173&28=185&34=197&35=201&38=203&39=210&38=226&42=227&43=233&42=243&48=245&49=249&50=251&52=253&53=257&60=267&62=269&64=272&65=276&70=285&72=288&74=290&76=293&77=298&83=312&85=315&87=317&89=319&90=323&96=328&97=332&98=334&99=338&100=340&102=343&103=348&113=364&114=368&117=372&118=376&125=382&126=384&128=386&129=388'

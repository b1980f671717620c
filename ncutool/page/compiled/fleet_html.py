"""Made of fleet.html by docs/make_templates.py."""

made_by = '3.1.6'
made_of = [10465, 3021822288]

from jinja2.runtime import LoopContext, Macro, Markup, Namespace, TemplateNotFound, TemplateReference, TemplateRuntimeError, Undefined, escape, identity, internalcode, markup_join, missing, str_join
name = 'fleet.html'

def root(context, missing=missing):
    resolve = context.resolve_or_missing
    undefined = environment.undefined
    concat = environment.concat
    cond_expr_undefined = Undefined
    if 0: yield None
    l_0_name = resolve('name')
    l_0_total = resolve('total')
    l_0_fleet = resolve('fleet')
    l_0_headline = resolve('headline')
    l_0_findings = resolve('findings')
    l_0_trends = resolve('trends')
    l_0_why_no_trends = resolve('why_no_trends')
    l_0_parts = resolve('parts')
    l_0_rows = resolve('rows')
    l_0_metadata = resolve('metadata')
    l_0_listed = resolve('listed')
    l_0_unpaged = resolve('unpaged')
    l_0_metadata_left_out = resolve('metadata_left_out')
    l_0_kernels = resolve('kernels')
    l_0_failures = resolve('failures')
    l_0_version = resolve('version')
    l_0_data = resolve('data')
    l_0_script = resolve('script')
    l_0_linked = l_0_plain = missing
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
        t_3 = environment.filters['int']
    except KeyError:
        @internalcode
        def t_3(*unused):
            raise TemplateRuntimeError("No filter named 'int' found.")
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
        t_6 = environment.filters['percent']
    except KeyError:
        @internalcode
        def t_6(*unused):
            raise TemplateRuntimeError("No filter named 'percent' found.")
    try:
        t_7 = environment.filters['round']
    except KeyError:
        @internalcode
        def t_7(*unused):
            raise TemplateRuntimeError("No filter named 'round' found.")
    pass
    def macro(l_1_text, l_1_link):
        t_8 = []
        if l_1_text is missing:
            l_1_text = undefined("parameter 'text' was not provided", name='text')
        if l_1_link is missing:
            l_1_link = undefined("parameter 'link' was not provided", name='link')
        pass
        if l_1_link:
            pass
            t_8.extend((
                '<a href="',
                escape(environment.finalize(l_1_link)),
                '">',
                escape(environment.finalize(l_1_text)),
                '</a>',
            ))
        else:
            pass
            t_8.append(
                escape(environment.finalize(l_1_text)),
            )
        return concat(t_8)
    context.exported_vars.add('linked')
    context.vars['linked'] = l_0_linked = Macro(environment, macro, 'linked', ('text', 'link'), False, False, False, context.eval_ctx.autoescape)
    def macro(l_1_label, l_1_headings, l_1_words, l_1_caller):
        t_9 = []
        if l_1_label is missing:
            l_1_label = undefined("parameter 'label' was not provided", name='label')
        if l_1_headings is missing:
            l_1_headings = undefined("parameter 'headings' was not provided", name='headings')
        if l_1_words is missing:
            l_1_words = undefined("parameter 'words' was not provided", name='words')
        pass
        t_9.extend((
            '<div class="card scroll" tabindex="0" role="region" aria-label="',
            escape(environment.finalize(l_1_label)),
            ', scrollable"><table class="small"><thead><tr>',
        ))
        for l_2_heading in l_1_headings:
            _loop_vars = {}
            pass
            t_9.append(
                '<th scope="col"',
            )
            if (l_2_heading in l_1_words):
                pass
                t_9.append(
                    ' class="words"',
                )
            t_9.extend((
                '>',
                escape(environment.finalize(l_2_heading)),
                '</th>',
            ))
        l_2_heading = missing
        t_9.extend((
            '</tr></thead><tbody>\n',
            escape(environment.finalize(context.call(l_1_caller))),
            '\n</tbody></table></div>\n',
        ))
        return concat(t_9)
    context.exported_vars.add('plain')
    context.vars['plain'] = l_0_plain = Macro(environment, macro, 'plain', ('label', 'headings', 'words'), False, False, True, context.eval_ctx.autoescape)
    template = environment.get_template('head.html', 'fleet.html')
    gen = template.root_render_func(template.new_context(context.get_all(), True, {'linked': l_0_linked, 'plain': l_0_plain}))
    try:
        for event in gen:
            yield event
    finally: gen.close()
    yield '<body>\n<a class="skip" href="#captures">Skip to the captures</a>\n<main>\n<article class="view">\n<div class="meta"><p><b>'
    yield escape(environment.finalize((undefined(name='name') if l_0_name is missing else l_0_name)))
    yield '</b><span>'
    yield escape(environment.finalize(t_2((undefined(name='total') if l_0_total is missing else l_0_total), 'capture')))
    yield '</span>'
    if environment.getattr((undefined(name='fleet') if l_0_fleet is missing else l_0_fleet), 'failed'):
        pass
        yield '<span>'
        yield escape(environment.finalize(t_2(environment.getattr((undefined(name='fleet') if l_0_fleet is missing else l_0_fleet), 'failed'), 'failure')))
        yield '</span>'
    yield '</p><span class="switches"><button type="button" data-theme-switch hidden title="Theme: automatic, light or dark">◐ auto</button></span></div>\n<div class="verdict"><h1>'
    yield escape(environment.finalize((undefined(name='headline') if l_0_headline is missing else l_0_headline)))
    yield '</h1><nav aria-label="Contents"><a href="#captures">Captures <b>'
    yield escape(environment.finalize(t_1((undefined(name='total') if l_0_total is missing else l_0_total))))
    yield '</b></a><a href="#kernels">Kernels</a><a href="#findings">Findings <b>'
    yield escape(environment.finalize(t_5((undefined(name='findings') if l_0_findings is missing else l_0_findings))))
    yield '</b></a>'
    if ((undefined(name='trends') if l_0_trends is missing else l_0_trends) or (undefined(name='why_no_trends') if l_0_why_no_trends is missing else l_0_why_no_trends)):
        pass
        yield '<a href="#trends">Trends</a>'
    yield '<a href="#failures">Failures <b>'
    yield escape(environment.finalize(t_1(environment.getattr((undefined(name='fleet') if l_0_fleet is missing else l_0_fleet), 'failed'))))
    yield '</b></a></nav></div>\n<div class="frame">\n'
    if (undefined(name='parts') if l_0_parts is missing else l_0_parts):
        pass
        yield '<section class="card answers" aria-label="Verdicts">\n<div class="stack" aria-hidden="true">'
        for l_1_part in (undefined(name='parts') if l_0_parts is missing else l_0_parts):
            _loop_vars = {}
            pass
            yield '<i class="k-'
            yield escape(environment.finalize(environment.getattr(l_1_part, 'kind')))
            yield '" style="flex:'
            yield escape(environment.finalize(t_7(environment.getattr(l_1_part, 'pct'), 3)))
            yield '"></i>'
        l_1_part = missing
        yield '</div>\n<ul class="legend">'
        for l_1_part in (undefined(name='parts') if l_0_parts is missing else l_0_parts):
            _loop_vars = {}
            pass
            yield '<li><i class="k-'
            yield escape(environment.finalize(environment.getattr(l_1_part, 'kind')))
            yield '" aria-hidden="true"></i>'
            yield escape(environment.finalize(environment.getattr(l_1_part, 'name')))
            yield ' <b>'
            yield escape(environment.finalize(t_1(environment.getattr(l_1_part, 'count'))))
            yield '</b> '
            yield escape(environment.finalize(t_6(environment.getattr(l_1_part, 'pct'))))
            yield '</li>'
        l_1_part = missing
        yield '</ul>\n</section>\n'
    yield '<section id="captures" aria-labelledby="captures-title">\n<h2 id="captures-title">Captures <small>'
    if (undefined(name='total') if l_0_total is missing else l_0_total):
        pass
        yield 'largest sure saving first'
    yield '</small></h2>\n'
    if (undefined(name='rows') if l_0_rows is missing else l_0_rows):
        pass
        yield '<div class="tools" hidden>\n<label class="query"><svg viewBox="0 0 16 16" aria-hidden="true"><circle cx="7" cy="7" r="4.5"/><path d="M10.5 10.5 14 14"/></svg><input type="search" data-query placeholder="path or verdict" aria-label="Filter the captures" autocomplete="off" spellcheck="false"></label>\n<span data-shown role="status"></span>\n<span class="choices" data-choices></span>\n</div>\n<div class="card scroll" tabindex="0" role="region" aria-label="Captures, scrollable"><table class="small captures">\n<thead><tr><th scope="col" class="words" data-sort="1">capture</th><th scope="col" class="words" data-sort="5">verdict</th><th scope="col" class="words" data-sort="4">device</th><th scope="col" data-sort="6">window</th><th scope="col" data-sort="7">busy</th><th scope="col" data-sort="8" aria-sort="descending">can save</th><th scope="col" data-sort="10" title="Share of the roofline, by time, of the launches on it">roofline</th>'
        l_1_loop = missing
        for l_1_one, l_1_loop in LoopContext((undefined(name='metadata') if l_0_metadata is missing else l_0_metadata), undefined):
            _loop_vars = {}
            pass
            yield '<th scope="col" class="words" data-sort="'
            yield escape(environment.finalize((11 + environment.getattr(l_1_loop, 'index0'))))
            yield '">'
            yield escape(environment.finalize(l_1_one))
            yield '</th>'
        l_1_loop = l_1_one = missing
        yield '</tr></thead>\n<tbody>\n'
        for l_1_row in (undefined(name='rows') if l_0_rows is missing else l_0_rows):
            _loop_vars = {}
            pass
            yield '<tr><td class="words path">'
            yield escape(environment.finalize(context.call((undefined(name='linked') if l_0_linked is missing else l_0_linked), environment.getattr(l_1_row, 'path'), environment.getattr(l_1_row, 'link'), _loop_vars=_loop_vars)))
            yield '</td><td class="words what"><i class="dot k-'
            yield escape(environment.finalize(environment.getattr(l_1_row, 'kind')))
            yield '" aria-hidden="true"></i><span>'
            yield escape(environment.finalize((environment.getattr(l_1_row, 'headline') or environment.getattr(l_1_row, 'answer'))))
            yield '</span></td><td class="words">'
            yield escape(environment.finalize(environment.getattr(l_1_row, 'device')))
            yield '</td>'
            for l_2_cell in environment.getattr(l_1_row, 'cells'):
                _loop_vars = {}
                pass
                yield '<td>'
                yield escape(environment.finalize(l_2_cell))
                yield '</td>'
            l_2_cell = missing
            for l_2_cell in environment.getattr(l_1_row, 'metadata'):
                _loop_vars = {}
                pass
                yield '<td class="words">'
                yield escape(environment.finalize(l_2_cell))
                yield '</td>'
            l_2_cell = missing
            yield '</tr>\n'
        l_1_row = missing
        yield '</tbody></table></div>\n<p class="more-rows"><button type="button" data-more hidden></button></p>\n'
        if ((undefined(name='listed') if l_0_listed is missing else l_0_listed) < (undefined(name='total') if l_0_total is missing else l_0_total)):
            pass
            yield '<p class="note">'
            yield escape(environment.finalize(t_1((undefined(name='listed') if l_0_listed is missing else l_0_listed))))
            yield ' of '
            yield escape(environment.finalize(t_2((undefined(name='total') if l_0_total is missing else l_0_total), 'capture')))
            yield ' are listed, of each verdict those with the largest savings, so that the page stays small; all sums are over all. The dataset holds every one: <code>ncutool query</code>.</p>'
        yield '<noscript>'
        if (t_5((undefined(name='rows') if l_0_rows is missing else l_0_rows)) < (undefined(name='total') if l_0_total is missing else l_0_total)):
            pass
            yield '<p class="note">The first '
            yield escape(environment.finalize(t_5((undefined(name='rows') if l_0_rows is missing else l_0_rows))))
            yield ' of '
            yield escape(environment.finalize(t_2((undefined(name='total') if l_0_total is missing else l_0_total), 'capture')))
            yield '; the others, sorting and filtering need JavaScript, which this page carries itself.</p>'
        yield '</noscript>\n'
        if (undefined(name='unpaged') if l_0_unpaged is missing else l_0_unpaged):
            pass
            yield '<p class="note" data-copies hidden>“copy” gives the command that writes the page of a capture and links it here: put the folder that holds the captures in place of CAPTURES.</p>'
        if (undefined(name='metadata_left_out') if l_0_metadata_left_out is missing else l_0_metadata_left_out):
            pass
            yield '<p class="note">'
            yield escape(environment.finalize(t_2((undefined(name='metadata_left_out') if l_0_metadata_left_out is missing else l_0_metadata_left_out), 'further column')))
            yield ' of metadata '
            yield escape(environment.finalize(('is' if ((undefined(name='metadata_left_out') if l_0_metadata_left_out is missing else l_0_metadata_left_out) == 1) else 'are')))
            yield ' in the dataset.</p>'
    else:
        pass
        yield '<p class="card empty">'
        if environment.getattr((undefined(name='fleet') if l_0_fleet is missing else l_0_fleet), 'failed'):
            pass
            yield 'No file could be analysed: the reasons are below.'
        else:
            pass
            yield 'This dataset holds no capture yet: <code>ncutool batch PATH... -o DATASET</code> brings them in.'
        yield '</p>\n'
    yield '</section>\n<section id="kernels" aria-labelledby="kernels-title">\n<h2 id="kernels-title">Kernels that cost most <small>over all captures, by kernel and device'
    if (environment.getattr((undefined(name='fleet') if l_0_fleet is missing else l_0_fleet), 'kernel_count') > t_5((undefined(name='kernels') if l_0_kernels is missing else l_0_kernels))):
        pass
        yield ': '
        yield escape(environment.finalize(t_5((undefined(name='kernels') if l_0_kernels is missing else l_0_kernels))))
        yield ' of '
        yield escape(environment.finalize(t_1(environment.getattr((undefined(name='fleet') if l_0_fleet is missing else l_0_fleet), 'kernel_count'))))
    yield '</small></h2>\n'
    if (undefined(name='kernels') if l_0_kernels is missing else l_0_kernels):
        pass
        def macro():
            t_10 = []
            pass
            for l_2_row in (undefined(name='kernels') if l_0_kernels is missing else l_0_kernels):
                _loop_vars = {}
                pass
                t_10.extend((
                    '<tr><td class="words path">',
                    escape(environment.finalize(environment.getattr(l_2_row, 'name'))),
                    '</td><td>',
                    escape(environment.finalize(environment.getitem(environment.getattr(l_2_row, 'cells'), 0))),
                    '</td><td><span class="share-bar" aria-hidden="true">',
                ))
                if environment.getattr(l_2_row, 'bar_pct'):
                    pass
                    t_10.extend((
                        '<i class="k-',
                        escape(environment.finalize(t_4(environment.getattr(l_2_row, 'bound')))),
                        '" style="width:',
                        escape(environment.finalize(environment.getattr(l_2_row, 'bar_pct'))),
                        '%"></i>',
                    ))
                t_10.extend((
                    '</span>',
                    escape(environment.finalize(environment.getitem(environment.getattr(l_2_row, 'cells'), 1))),
                    '</td>',
                ))
                for l_3_cell in environment.getattr(l_2_row, 'cells')[2:]:
                    _loop_vars = {}
                    pass
                    t_10.extend((
                        '<td>',
                        escape(environment.finalize(l_3_cell)),
                        '</td>',
                    ))
                l_3_cell = missing
                t_10.extend((
                    '<td class="words">',
                    escape(environment.finalize(environment.getattr(l_2_row, 'device'))),
                    '</td></tr>\n',
                ))
            l_2_row = missing
            return concat(t_10)
        caller = Macro(environment, macro, None, (), False, False, False, context.eval_ctx.autoescape)
        yield context.call((undefined(name='plain') if l_0_plain is missing else l_0_plain), 'Kernels', ('kernel', 'time', 'share', 'launches', 'captures', 'roofline', 'known for', 'device'), ('kernel', 'device'), caller=caller)
        yield '<p class="note">“roofline” is the share of the roofline that a kernel\'s launches reach, weighted by their time; “known for” is the part of its time that this is known for. Launches of every capture count as often as they were captured.</p>\n'
    else:
        pass
        yield '<p class="card empty">No launch with a duration.</p>\n'
    yield '</section>\n<section id="findings" aria-labelledby="findings-title">\n<h2 id="findings-title">Findings that recur <small>by rule, the largest saving first</small></h2>\n'
    if (undefined(name='findings') if l_0_findings is missing else l_0_findings):
        pass
        def macro():
            t_11 = []
            pass
            for l_2_row in (undefined(name='findings') if l_0_findings is missing else l_0_findings):
                _loop_vars = {}
                pass
                t_11.extend((
                    '<tr><td class="words what"><b>',
                    escape(environment.finalize(environment.getattr(l_2_row, 'title'))),
                    '</b> <code>',
                    escape(environment.finalize(environment.getattr(l_2_row, 'rule'))),
                    '</code></td><td>',
                    escape(environment.finalize(environment.getattr(l_2_row, 'saving'))),
                    '</td><td>',
                    escape(environment.finalize(environment.getattr(l_2_row, 'captures'))),
                    '</td><td>',
                    escape(environment.finalize(environment.getattr(l_2_row, 'share'))),
                    '</td><td class="words where">',
                ))
                for (l_3_path, l_3_link, l_3_ns) in environment.getattr(l_2_row, 'where')[:1]:
                    _loop_vars = {}
                    pass
                    t_11.extend((
                        escape(environment.finalize(context.call((undefined(name='linked') if l_0_linked is missing else l_0_linked), l_3_path, l_3_link, _loop_vars=_loop_vars))),
                        ' ',
                        escape(environment.finalize(l_3_ns)),
                    ))
                l_3_path = l_3_link = l_3_ns = missing
                if (t_5(environment.getattr(l_2_row, 'where')) > 1):
                    pass
                    t_11.extend((
                        ' <details><summary>',
                        escape(environment.finalize((t_5(environment.getattr(l_2_row, 'where')) - 1))),
                        ' more</summary><ul class="plain">',
                    ))
                    for (l_3_path, l_3_link, l_3_ns) in environment.getattr(l_2_row, 'where')[1:]:
                        _loop_vars = {}
                        pass
                        t_11.extend((
                            '<li>',
                            escape(environment.finalize(context.call((undefined(name='linked') if l_0_linked is missing else l_0_linked), l_3_path, l_3_link, _loop_vars=_loop_vars))),
                            ' ',
                            escape(environment.finalize(l_3_ns)),
                            '</li>',
                        ))
                    l_3_path = l_3_link = l_3_ns = missing
                    if environment.getattr(l_2_row, 'more'):
                        pass
                        t_11.extend((
                            '<li>and ',
                            escape(environment.finalize(t_2(environment.getattr(l_2_row, 'more'), 'capture'))),
                            ' with less</li>',
                        ))
                    t_11.append(
                        '</ul></details>',
                    )
                t_11.append(
                    '</td></tr>\n',
                )
            l_2_row = missing
            return concat(t_11)
        caller = Macro(environment, macro, None, (), False, False, False, context.eval_ctx.autoescape)
        yield context.call((undefined(name='plain') if l_0_plain is missing else l_0_plain), 'Findings', ('finding', 'saves in all', 'captures', 'share', 'most in'), ('finding', 'most in'), caller=caller)
        yield '<p class="note">Savings are summed over captures, each of its own window: device time, not the time of one run. Those of ranks that ran beside each other do not add up to wall time. Titles are those of the largest case.</p>\n'
    else:
        pass
        yield '<p class="card empty">'
        if (undefined(name='total') if l_0_total is missing else l_0_total):
            pass
            yield 'No rule found anything in '
            yield escape(environment.finalize(t_2((undefined(name='total') if l_0_total is missing else l_0_total), 'capture')))
            yield '.'
        else:
            pass
            yield 'Nothing was analysed.'
        yield '</p>\n'
    yield '</section>\n'
    if ((undefined(name='trends') if l_0_trends is missing else l_0_trends) or (undefined(name='why_no_trends') if l_0_why_no_trends is missing else l_0_why_no_trends)):
        pass
        yield '<section id="trends" aria-labelledby="trends-title">\n<h2 id="trends-title">Trends'
        if (undefined(name='trends') if l_0_trends is missing else l_0_trends):
            pass
            yield ' <small>by '
            yield escape(environment.finalize(environment.getattr((undefined(name='trends') if l_0_trends is missing else l_0_trends), 'by')))
            yield ', in the order of '
            yield escape(environment.finalize(environment.getattr((undefined(name='trends') if l_0_trends is missing else l_0_trends), 'order')))
            yield '</small>'
        yield '</h2>\n'
        if (undefined(name='why_no_trends') if l_0_why_no_trends is missing else l_0_why_no_trends):
            pass
            yield '<p class="card empty">'
            yield escape(environment.finalize((undefined(name='why_no_trends') if l_0_why_no_trends is missing else l_0_why_no_trends)))
            yield '</p>\n'
        else:
            pass
            yield '<p class="lead">'
            yield escape(environment.finalize(environment.getattr((undefined(name='trends') if l_0_trends is missing else l_0_trends), 'headline')))
            yield '</p>\n'
            l_1_loop = missing
            for l_1_part, l_1_loop in LoopContext(environment.getattr((undefined(name='trends') if l_0_trends is missing else l_0_trends), 'parts'), undefined):
                _loop_vars = {}
                pass
                yield '<h3>'
                yield escape(environment.finalize(environment.getattr(l_1_part, 'title')))
                yield '</h3>\n'
                if environment.getattr(l_1_part, 'rows'):
                    pass
                    def macro():
                        t_12 = []
                        pass
                        l_3_loop = missing
                        for l_3_row, l_3_loop in LoopContext(environment.getattr(l_1_part, 'rows'), undefined):
                            _loop_vars = {}
                            pass
                            t_12.append(
                                '<tr>',
                            )
                            l_4_loop = missing
                            for l_4_cell, l_4_loop in LoopContext(l_3_row, undefined):
                                _loop_vars = {}
                                pass
                                t_12.append(
                                    '<td',
                                )
                                if (environment.getitem(environment.getattr((undefined(name='trends') if l_0_trends is missing else l_0_trends), 'event_headings'), environment.getattr(l_4_loop, 'index0')) in ('from', 'what', 'seen after')):
                                    pass
                                    t_12.append(
                                        ' class="words"',
                                    )
                                t_12.extend((
                                    '>',
                                    escape(environment.finalize(l_4_cell)),
                                    '</td>',
                                ))
                            l_4_loop = l_4_cell = missing
                            t_12.append(
                                '</tr>\n',
                            )
                        l_3_loop = l_3_row = missing
                        return concat(t_12)
                    caller = Macro(environment, macro, None, (), False, False, False, context.eval_ctx.autoescape)
                    yield context.call((undefined(name='plain') if l_0_plain is missing else l_0_plain), 'Changes', environment.getattr((undefined(name='trends') if l_0_trends is missing else l_0_trends), 'event_headings'), ('from', 'what', 'seen after'), caller=caller, _loop_vars=_loop_vars)
                    if environment.getattr(l_1_part, 'more_rows'):
                        pass
                        yield '<p class="note">'
                        yield escape(environment.finalize(t_2(environment.getattr(l_1_part, 'more_rows'), 'further row')))
                        yield ': <code>ncutool trends</code>.</p>'
                if environment.getattr(l_1_part, 'lines'):
                    pass
                    yield '<div class="lines">\n'
                    for l_2_line in environment.getattr(l_1_part, 'lines'):
                        _loop_vars = {}
                        pass
                        yield '<figure class="card"><figcaption><b>'
                        yield escape(environment.finalize(environment.getattr(l_2_line, 'name')))
                        yield '</b> <span>'
                        yield escape(environment.finalize(environment.getattr(l_2_line, 'low')))
                        yield ' to '
                        yield escape(environment.finalize(environment.getattr(l_2_line, 'high')))
                        yield '</span></figcaption>\n<svg viewBox="0 0 '
                        yield escape(environment.finalize(t_3(environment.getattr((undefined(name='trends') if l_0_trends is missing else l_0_trends), 'width'))))
                        yield ' '
                        yield escape(environment.finalize(t_3(environment.getattr((undefined(name='trends') if l_0_trends is missing else l_0_trends), 'height'))))
                        yield '" role="img" aria-label="'
                        yield escape(environment.finalize(environment.getattr(l_2_line, 'label')))
                        yield '" preserveAspectRatio="none">'
                        for (l_3_x, l_3_sign) in environment.getattr(l_2_line, 'marks'):
                            _loop_vars = {}
                            pass
                            yield '<path class="mark '
                            yield escape(environment.finalize(l_3_sign))
                            yield '" d="M'
                            yield escape(environment.finalize(l_3_x))
                            yield ' 0V'
                            yield escape(environment.finalize(t_3(environment.getattr((undefined(name='trends') if l_0_trends is missing else l_0_trends), 'height'))))
                            yield '"/>'
                        l_3_x = l_3_sign = missing
                        yield '<path class="dots" d="'
                        for (l_3_x, l_3_y) in environment.getattr(l_2_line, 'dots'):
                            _loop_vars = {}
                            pass
                            yield 'M'
                            yield escape(environment.finalize(l_3_x))
                            yield ' '
                            yield escape(environment.finalize(l_3_y))
                            yield 'h.01'
                        l_3_x = l_3_y = missing
                        yield '"/>'
                        for (l_3_low, l_3_high, l_3_y) in environment.getattr(l_2_line, 'levels'):
                            _loop_vars = {}
                            pass
                            yield '<path class="level" d="M'
                            yield escape(environment.finalize(l_3_low))
                            yield ' '
                            yield escape(environment.finalize(l_3_y))
                            yield 'H'
                            yield escape(environment.finalize(l_3_high))
                            yield '"/>'
                        l_3_low = l_3_high = l_3_y = missing
                        yield '</svg>\n<p class="ends"><span>'
                        yield escape(environment.finalize(environment.getattr(l_2_line, 'first')))
                        yield '</span><span>'
                        yield escape(environment.finalize(environment.getattr(l_2_line, 'last')))
                        yield '</span></p></figure>\n'
                    l_2_line = missing
                    yield '</div>\n'
                yield '<details class="told"><summary>All series and the smallest change that each could show</summary>\n'
                def macro():
                    t_13 = []
                    pass
                    l_3_loop = missing
                    for l_3_row, l_3_loop in LoopContext(environment.getattr(l_1_part, 'series'), undefined):
                        _loop_vars = {}
                        pass
                        t_13.append(
                            '<tr>',
                        )
                        l_4_loop = missing
                        for l_4_cell, l_4_loop in LoopContext(l_3_row, undefined):
                            _loop_vars = {}
                            pass
                            t_13.append(
                                '<td',
                            )
                            if (environment.getattr(l_4_loop, 'index0') == 0):
                                pass
                                t_13.append(
                                    ' class="words path"',
                                )
                            t_13.extend((
                                '>',
                                escape(environment.finalize(l_4_cell)),
                                '</td>',
                            ))
                        l_4_loop = l_4_cell = missing
                        t_13.append(
                            '</tr>\n',
                        )
                    l_3_loop = l_3_row = missing
                    return concat(t_13)
                caller = Macro(environment, macro, None, (), False, False, False, context.eval_ctx.autoescape)
                yield context.call((undefined(name='plain') if l_0_plain is missing else l_0_plain), 'Series', environment.getattr((undefined(name='trends') if l_0_trends is missing else l_0_trends), 'series_headings'), ('what',), caller=caller, _loop_vars=_loop_vars)
                yield '</details>\n'
            l_1_loop = l_1_part = missing
            yield '<ul class="know">'
            for l_1_note in environment.getattr((undefined(name='trends') if l_0_trends is missing else l_0_trends), 'notes'):
                _loop_vars = {}
                pass
                yield '<li>'
                yield escape(environment.finalize(l_1_note))
                yield '</li>'
            l_1_note = missing
            yield '</ul>\n'
        yield '</section>\n'
    yield '<section id="failures" aria-labelledby="failures-title">\n<h2 id="failures-title">Failures'
    if environment.getattr((undefined(name='fleet') if l_0_fleet is missing else l_0_fleet), 'error_kinds'):
        pass
        yield ' <small>'
        l_1_loop = missing
        for (l_1_kind, l_1_count), l_1_loop in LoopContext(environment.getattr((undefined(name='fleet') if l_0_fleet is missing else l_0_fleet), 'error_kinds'), undefined):
            _loop_vars = {}
            pass
            yield escape(environment.finalize(context.call(environment.getattr(l_1_kind, 'replace'), '_', ' ', _loop_vars=_loop_vars)))
            yield ' <b>'
            yield escape(environment.finalize(t_1(l_1_count)))
            yield '</b>'
            yield escape(environment.finalize((', ' if (not environment.getattr(l_1_loop, 'last')) else cond_expr_undefined("the inline if-expression on line 110 in 'fleet.html' evaluated to false and no else section was defined."))))
        l_1_loop = l_1_kind = l_1_count = missing
        yield '</small>'
    yield '</h2>\n'
    if (undefined(name='failures') if l_0_failures is missing else l_0_failures):
        pass
        def macro():
            t_14 = []
            pass
            for l_2_row in (undefined(name='failures') if l_0_failures is missing else l_0_failures):
                _loop_vars = {}
                pass
                t_14.extend((
                    '<tr><td class="words path">',
                    escape(environment.finalize(environment.getattr(l_2_row, 'path'))),
                    '</td><td class="words">',
                    escape(environment.finalize(environment.getattr(l_2_row, 'kind'))),
                    '</td><td>',
                    escape(environment.finalize(environment.getattr(l_2_row, 'size'))),
                    '</td><td class="words what">',
                    escape(environment.finalize(environment.getattr(l_2_row, 'message'))),
                    '</td></tr>\n',
                ))
            l_2_row = missing
            return concat(t_14)
        caller = Macro(environment, macro, None, (), False, False, False, context.eval_ctx.autoescape)
        yield context.call((undefined(name='plain') if l_0_plain is missing else l_0_plain), 'Failures', ('file', 'why', 'size', 'what is wrong and what to do'), ('file', 'why', 'what is wrong and what to do'), caller=caller)
        if (t_5((undefined(name='failures') if l_0_failures is missing else l_0_failures)) < environment.getattr((undefined(name='fleet') if l_0_fleet is missing else l_0_fleet), 'failed')):
            pass
            yield '<p class="note">'
            yield escape(environment.finalize(t_5((undefined(name='failures') if l_0_failures is missing else l_0_failures))))
            yield ' of '
            yield escape(environment.finalize(t_2(environment.getattr((undefined(name='fleet') if l_0_fleet is missing else l_0_fleet), 'failed'), 'file')))
            yield '; the table <code>errors</code> of the dataset holds all.</p>'
    else:
        pass
        yield '<p class="card empty">No file failed.</p>\n'
    yield '</section>\n</div>\n</article>\n</main>\n<footer>\n<p>ncutool '
    yield escape(environment.finalize((undefined(name='version') if l_0_version is missing else l_0_version)))
    yield '. This page is one file: it loads nothing and sends nothing. Links to captures lead to files beside it.</p>\n</footer>\n<script type="application/json" id="fleet-data">'
    yield escape(environment.finalize((undefined(name='data') if l_0_data is missing else l_0_data)))
    yield '</script>\n<script>'
    yield escape(environment.finalize((undefined(name='script') if l_0_script is missing else l_0_script)))
    yield '</script>\n</body>\n</html>'

blocks = {}
debug_info = '1=72&2=96&3=107&4=129&7=135&12=142&13=152&15=164&17=167&18=177&22=192&23=196&30=200&32=210&33=214&37=239&38=247&39=255&40=258&42=268&46=276&47=283&48=285&49=288&50=293&48=329&60=335&61=337&62=340&63=345&61=399&68=404&71=414&73=417&74=425&75=428&77=433&78=436&79=440&80=442&81=444&82=448&83=455&81=478&86=479&88=484&90=487&91=491&92=497&93=537&98=544&99=548&100=555&98=578&105=582&110=592&111=607&112=609&113=612&114=617&112=629&117=630&126=641&128=643&129=645'

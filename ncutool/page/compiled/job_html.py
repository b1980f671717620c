"""Made of job.html by docs/make_templates.py."""

made_by = '3.1.6'
made_of = [3704, 1500685904]

from jinja2.runtime import LoopContext, Macro, Markup, Namespace, TemplateNotFound, TemplateReference, TemplateRuntimeError, Undefined, escape, identity, internalcode, markup_join, missing, str_join
name = 'job.html'

def root(context, missing=missing):
    resolve = context.resolve_or_missing
    undefined = environment.undefined
    concat = environment.concat
    cond_expr_undefined = Undefined
    if 0: yield None
    l_0_jobs = resolve('jobs')
    l_0_version = resolve('version')
    l_0_script = resolve('script')
    try:
        t_1 = environment.filters['counted']
    except KeyError:
        @internalcode
        def t_1(*unused):
            raise TemplateRuntimeError("No filter named 'counted' found.")
    pass
    template = environment.get_template('head.html', 'job.html')
    gen = template.root_render_func(template.new_context(context.get_all(), True, {}))
    try:
        for event in gen:
            yield event
    finally: gen.close()
    yield '<body>\n<a class="skip" href="#job-1">Skip to the ranks</a>\n<main>\n'
    l_1_loop = missing
    for l_1_job, l_1_loop in LoopContext((undefined(name='jobs') if l_0_jobs is missing else l_0_jobs), undefined):
        l_1_key = resolve('key')
        l_1_headings = resolve('headings')
        l_1_rate_headings = resolve('rate_headings')
        _loop_vars = {}
        pass
        yield '<article class="view" id="job-'
        yield escape(environment.finalize(environment.getattr(l_1_loop, 'index')))
        yield '" aria-label="'
        yield escape(environment.finalize(environment.getattr(l_1_job, 'about')))
        yield '">\n<div class="meta"><p><b>'
        yield escape(environment.finalize(environment.getattr(l_1_job, 'about')))
        yield '</b></p>'
        if environment.getattr(l_1_loop, 'first'):
            pass
            yield '<span class="switches"><button type="button" data-theme-switch hidden title="Theme: automatic, light or dark">◐ auto</button></span>'
        yield '</div>\n<div class="verdict"><h1>'
        yield escape(environment.finalize(environment.getattr(l_1_job, 'headline')))
        yield '</h1></div>\n<div class="frame">\n'
        if environment.getattr(l_1_job, 'refused'):
            pass
            yield '<ul class="notices"><li class="error"><b>Careful</b> '
            yield escape(environment.finalize(environment.getattr(l_1_job, 'refused')))
            yield '</li></ul>\n'
        if environment.getattr(l_1_job, 'said'):
            pass
            yield '<section class="card" aria-label="What stands out"><ul class="said">'
            for l_2_text in environment.getattr(l_1_job, 'said'):
                _loop_vars = {}
                pass
                yield '<li>'
                yield escape(environment.finalize(l_2_text))
                yield '</li>'
            l_2_text = missing
            yield '</ul></section>\n'
        if environment.getattr(l_1_job, 'ranks'):
            pass
            yield '<section aria-label="Ranks">\n<h2>Ranks <small>each on its own clock, its window beside the longest</small></h2>\n<ul class="legend">'
            for (l_2_kind, l_2_name) in (undefined(name='key') if l_1_key is missing else l_1_key):
                _loop_vars = {}
                pass
                yield '<li><i class="k-'
                yield escape(environment.finalize(l_2_kind))
                yield '" aria-hidden="true"></i>'
                yield escape(environment.finalize(l_2_name))
                yield '</li>'
            l_2_kind = l_2_name = missing
            yield '</ul>\n<div class="card scroll" tabindex="0" role="region" aria-label="Ranks, scrollable"><table class="small ranks"><thead><tr><th scope="col">rank</th><th scope="col" class="words">where its window goes</th>'
            for l_2_heading in (undefined(name='headings') if l_1_headings is missing else l_1_headings):
                _loop_vars = {}
                pass
                yield '<th scope="col">'
                yield escape(environment.finalize(l_2_heading))
                yield '</th>'
            l_2_heading = missing
            yield '<th scope="col" class="words">capture</th></tr></thead><tbody>\n'
            for l_2_row in environment.getattr(l_1_job, 'ranks'):
                _loop_vars = {}
                pass
                yield '<tr'
                if environment.getattr(l_2_row, 'named'):
                    pass
                    yield ' class="named"'
                yield '><td><b>'
                yield escape(environment.finalize(environment.getattr(l_2_row, 'rank')))
                yield '</b></td><td class="bar"><div class="stack" aria-hidden="true">'
                for (l_3_kind, l_3_pct, l_3_text) in environment.getattr(l_2_row, 'pieces'):
                    _loop_vars = {}
                    pass
                    yield '<i class="k-'
                    yield escape(environment.finalize(l_3_kind))
                    yield '" style="width:'
                    yield escape(environment.finalize(l_3_pct))
                    yield '%" title="'
                    yield escape(environment.finalize(l_3_text))
                    yield '"></i>'
                l_3_kind = l_3_pct = l_3_text = missing
                yield '</div></td>'
                for l_3_cell in environment.getattr(l_2_row, 'cells'):
                    _loop_vars = {}
                    pass
                    yield '<td>'
                    yield escape(environment.finalize(l_3_cell))
                    yield '</td>'
                l_3_cell = missing
                yield '<td class="words path">'
                yield escape(environment.finalize(environment.getattr(l_2_row, 'name')))
                yield '</td></tr>\n'
            l_2_row = missing
            yield '</tbody></table></div>\n'
            if environment.getattr(l_1_job, 'more_ranks'):
                pass
                yield '<p class="note">'
                yield escape(environment.finalize(t_1(environment.getattr(l_1_job, 'more_ranks'), 'further rank')))
                yield ': <code>ncutool job --format json</code>.</p>'
            yield '<p class="note">“waits” is what the rank\'s paired collectives take beyond the shortest time of any rank; “last to” says to how many of the collectives in which somebody waited it came last.</p>\n</section>\n'
        if environment.getattr(l_1_job, 'rates'):
            pass
            yield '<section aria-label="Collectives">\n<h2>Collectives <small>paired call by call, most time first</small></h2>\n<div class="card scroll" tabindex="0" role="region" aria-label="Collectives, scrollable"><table class="small"><thead><tr>'
            for l_2_heading in (undefined(name='rate_headings') if l_1_rate_headings is missing else l_1_rate_headings):
                _loop_vars = {}
                pass
                yield '<th scope="col"'
                if (l_2_heading in ('ranks', 'collective')):
                    pass
                    yield ' class="words"'
                yield '>'
                yield escape(environment.finalize(l_2_heading))
                yield '</th>'
            l_2_heading = missing
            yield '<th scope="col" class="words">why no bandwidth</th></tr></thead><tbody>\n'
            l_2_loop = missing
            for (l_2_cells, l_2_why), l_2_loop in LoopContext(environment.getattr(l_1_job, 'rates'), undefined):
                _loop_vars = {}
                pass
                yield '<tr>'
                l_3_loop = missing
                for l_3_cell, l_3_loop in LoopContext(l_2_cells, undefined):
                    _loop_vars = {}
                    pass
                    yield '<td'
                    if (environment.getattr(l_3_loop, 'index0') < 2):
                        pass
                        yield ' class="words"'
                    yield '>'
                    yield escape(environment.finalize(l_3_cell))
                    yield '</td>'
                l_3_loop = l_3_cell = missing
                yield '<td class="words">'
                yield escape(environment.finalize(l_2_why))
                yield '</td></tr>\n'
            l_2_loop = l_2_cells = l_2_why = missing
            yield '</tbody></table></div>\n'
            if environment.getattr(l_1_job, 'more_rates'):
                pass
                yield '<p class="note">'
                yield escape(environment.finalize(t_1(environment.getattr(l_1_job, 'more_rates'), 'further row')))
                yield ': <code>ncutool job --format json</code>.</p>'
            yield '<p class="note">“shortest” is the median over the calls of the shortest time on any rank; “skew” the median of what the longest takes beyond; “even” the calls that all came to evenly; “bus” the bus bandwidth by the conventions of nccl-tests, from the recorded message and the shortest time.</p>\n</section>\n'
        if environment.getattr(l_1_job, 'notes'):
            pass
            yield '<section aria-label="What to know">\n<h2>What to know</h2>\n<ul class="know">'
            for l_2_note in environment.getattr(l_1_job, 'notes'):
                _loop_vars = {}
                pass
                yield '<li>'
                yield escape(environment.finalize(l_2_note))
                yield '</li>'
            l_2_note = missing
            yield '</ul>\n</section>\n'
        yield '</div>\n</article>\n'
    l_1_loop = l_1_job = l_1_key = l_1_headings = l_1_rate_headings = missing
    yield '</main>\n<footer>\n<p>ncutool '
    yield escape(environment.finalize((undefined(name='version') if l_0_version is missing else l_0_version)))
    yield '. This page is one file: it loads nothing and sends nothing.</p>\n</footer>\n<script>'
    yield escape(environment.finalize((undefined(name='script') if l_0_script is missing else l_0_script)))
    yield '</script>\n</body>\n</html>'

blocks = {}
debug_info = '1=20&5=28&6=35&7=39&8=45&10=47&11=50&13=52&14=55&16=63&19=66&20=76&21=84&22=88&25=118&29=124&32=127&33=140&34=145&37=161&41=167&44=170&52=181&54=183'

"""Made of findings.html by docs/make_templates.py."""

made_by = '3.1.6'
made_of = [5197, 855070412]

from jinja2.runtime import LoopContext, Macro, Markup, Namespace, TemplateNotFound, TemplateReference, TemplateRuntimeError, Undefined, escape, identity, internalcode, markup_join, missing, str_join
name = 'findings.html'

def root(context, missing=missing):
    resolve = context.resolve_or_missing
    undefined = environment.undefined
    concat = environment.concat
    cond_expr_undefined = Undefined
    if 0: yield None
    l_0_view = resolve('view')
    l_0_coded = l_0_copy = l_0_rows = l_0_bar = l_0_card = l_0_told = l_0_found = missing
    try:
        t_1 = environment.filters['kebab']
    except KeyError:
        @internalcode
        def t_1(*unused):
            raise TemplateRuntimeError("No filter named 'kebab' found.")
    try:
        t_2 = environment.filters['length']
    except KeyError:
        @internalcode
        def t_2(*unused):
            raise TemplateRuntimeError("No filter named 'length' found.")
    pass
    included_template = environment.get_template('parts.html', 'findings.html')._get_default_module(context)
    l_0_coded = getattr(included_template, 'coded', missing)
    if l_0_coded is missing:
        l_0_coded = undefined(f"the template {included_template.__name__!r} (imported on line 1 in 'findings.html') does not export the requested name 'coded'", name='coded')
    l_0_copy = getattr(included_template, 'copy', missing)
    if l_0_copy is missing:
        l_0_copy = undefined(f"the template {included_template.__name__!r} (imported on line 1 in 'findings.html') does not export the requested name 'copy'", name='copy')
    l_0_rows = getattr(included_template, 'rows', missing)
    if l_0_rows is missing:
        l_0_rows = undefined(f"the template {included_template.__name__!r} (imported on line 1 in 'findings.html') does not export the requested name 'rows'", name='rows')
    context.vars.update({'coded': l_0_coded, 'copy': l_0_copy, 'rows': l_0_rows})
    context.exported_vars.difference_update(('coded', 'copy', 'rows'))
    def macro(l_1_drawn, l_1_label):
        t_3 = []
        if l_1_drawn is missing:
            l_1_drawn = undefined("parameter 'drawn' was not provided", name='drawn')
        if l_1_label is missing:
            l_1_label = undefined("parameter 'label' was not provided", name='label')
        pass
        t_3.extend((
            '<span class="against" role="img" aria-label="',
            escape(environment.finalize(l_1_label)),
            '"><i class="low" style="width:',
            escape(environment.finalize(environment.getattr(l_1_drawn, 'low_pct'))),
            '%"></i><i class="high" style="left:',
            escape(environment.finalize(environment.getattr(l_1_drawn, 'low_pct'))),
            '%;width:',
            escape(environment.finalize(environment.getattr(l_1_drawn, 'reach_pct'))),
            '%"></i></span>',
        ))
        return concat(t_3)
    context.exported_vars.add('bar')
    context.vars['bar'] = l_0_bar = Macro(environment, macro, 'bar', ('drawn', 'label'), False, False, False, context.eval_ctx.autoescape)
    def macro(l_1_view, l_1_item):
        t_4 = []
        l_1_finding = l_1_saving = missing
        if l_1_view is missing:
            l_1_view = undefined("parameter 'view' was not provided", name='view')
        if l_1_item is missing:
            l_1_item = undefined("parameter 'item' was not provided", name='item')
        pass
        (l_1_finding, l_1_saving) = (environment.getattr(environment.getattr(l_1_item, 'line'), 'finding'), environment.getattr(environment.getattr(l_1_item, 'line'), 'saving'))
        t_4.extend((
            '<li class="finding" id="',
            escape(environment.finalize(environment.getattr(l_1_view, 'id'))),
            '-finding-',
            escape(environment.finalize(environment.getattr(environment.getattr(l_1_item, 'line'), 'rank'))),
            '" data-finding="',
            escape(environment.finalize(environment.getattr((undefined(name='finding') if l_1_finding is missing else l_1_finding), 'id'))),
            '">\n<div class="save"><span><b>',
            escape(environment.finalize(environment.getattr(l_1_item, 'figure'))),
            '</b> ',
            escape(environment.finalize(environment.getattr(l_1_item, 'unit'))),
            '</span><small>',
            escape(environment.finalize(environment.getattr((undefined(name='saving') if l_1_saving is missing else l_1_saving), 'share'))),
        ))
        if (environment.getattr((undefined(name='saving') if l_1_saving is missing else l_1_saving), 'per') == 'window'):
            pass
            t_4.extend((
                ' of ',
                escape(environment.finalize(environment.getattr(environment.getattr(l_1_view, 'findings'), 'of_what'))),
            ))
        t_4.append(
            '</small>',
        )
        if environment.getattr((undefined(name='saving') if l_1_saving is missing else l_1_saving), 'after'):
            pass
            t_4.extend((
                '<small>',
                escape(environment.finalize(environment.getattr((undefined(name='saving') if l_1_saving is missing else l_1_saving), 'after'))),
                '</small>',
            ))
        t_4.append(
            '</div>\n',
        )
        if environment.getattr(l_1_item, 'bar'):
            pass
            t_4.append(
                escape(environment.finalize(context.call((undefined(name='bar') if l_0_bar is missing else l_0_bar), environment.getattr(l_1_item, 'bar'), markup_join((environment.getattr((undefined(name='saving') if l_1_saving is missing else l_1_saving), 'amount'), ' of ', environment.getattr(environment.getattr(l_1_view, 'findings'), 'total'), ))))),
            )
        else:
            pass
            t_4.extend((
                '<span class="apart">more ',
                escape(environment.finalize(environment.getattr((undefined(name='saving') if l_1_saving is missing else l_1_saving), 'per'))),
                's in the same time, so not drawn</span>',
            ))
        t_4.extend((
            '<div class="what">\n<h3><span data-choose>',
            escape(environment.finalize(environment.getattr((undefined(name='finding') if l_1_finding is missing else l_1_finding), 'title'))),
            '</span> <span class="chips"><span class="grade ',
            escape(environment.finalize(environment.getattr(l_1_item, 'grade_class'))),
            '">',
            escape(environment.finalize(environment.getattr((undefined(name='finding') if l_1_finding is missing else l_1_finding), 'grade'))),
            '</span><a class="link" href="#',
            escape(environment.finalize(environment.getattr(l_1_view, 'id'))),
            '-finding-',
            escape(environment.finalize(environment.getattr(environment.getattr(l_1_item, 'line'), 'rank'))),
            '" data-link="finding=',
            escape(environment.finalize(environment.getattr((undefined(name='finding') if l_1_finding is missing else l_1_finding), 'id'))),
            '" aria-label="Link to finding ',
            escape(environment.finalize(environment.getattr(environment.getattr(l_1_item, 'line'), 'rank'))),
            ', ',
            escape(environment.finalize(environment.getattr((undefined(name='finding') if l_1_finding is missing else l_1_finding), 'title'))),
            '">#</a></span></h3>\n',
        ))
        if environment.getattr(environment.getattr(l_1_item, 'line'), 'why'):
            pass
            t_4.extend((
                '<p class="evidence">',
                escape(environment.finalize(environment.getattr(environment.getattr(l_1_item, 'line'), 'why'))),
                '</p>',
            ))
        t_4.extend((
            '<p class="do"><span>',
            escape(environment.finalize(context.call((undefined(name='coded') if l_0_coded is missing else l_0_coded), environment.getattr(environment.getattr(l_1_item, 'line'), 'todo')))),
            '</span>',
        ))
        if environment.getattr((undefined(name='finding') if l_1_finding is missing else l_1_finding), 'code'):
            pass
            t_4.extend((
                '<code>',
                escape(environment.finalize(environment.getattr((undefined(name='finding') if l_1_finding is missing else l_1_finding), 'code'))),
                '</code>',
                escape(environment.finalize(context.call((undefined(name='copy') if l_0_copy is missing else l_0_copy), environment.getattr((undefined(name='finding') if l_1_finding is missing else l_1_finding), 'code')))),
            ))
        t_4.append(
            '</p>\n<details><summary>Evidence',
        )
        if environment.getattr((undefined(name='finding') if l_1_finding is missing else l_1_finding), 'caveat'):
            pass
            t_4.append(
                ' and caveat',
            )
        t_4.append(
            '</summary>\n',
        )
        if environment.getattr(environment.getattr(l_1_item, 'line'), 'more'):
            pass
            t_4.append(
                '<ul class="plain evidence">\n',
            )
            for l_2_sentence in environment.getattr(environment.getattr(l_1_item, 'line'), 'more'):
                _loop_vars = {}
                pass
                t_4.extend((
                    '<li>',
                    escape(environment.finalize(context.call((undefined(name='coded') if l_0_coded is missing else l_0_coded), l_2_sentence, _loop_vars=_loop_vars))),
                    '</li>\n',
                ))
            l_2_sentence = missing
            t_4.append(
                '</ul>\n',
            )
        if (environment.getattr((undefined(name='finding') if l_1_finding is missing else l_1_finding), 'remedy') != environment.getattr(environment.getattr(l_1_item, 'line'), 'todo')):
            pass
            t_4.extend((
                '<p>',
                escape(environment.finalize(context.call((undefined(name='coded') if l_0_coded is missing else l_0_coded), environment.getattr((undefined(name='finding') if l_1_finding is missing else l_1_finding), 'remedy')))),
                '</p>',
            ))
        if environment.getattr(l_1_item, 'link'):
            pass
            t_4.extend((
                '<p><a href="',
                escape(environment.finalize(environment.getattr(l_1_item, 'link'))),
                '" rel="noreferrer">Documentation</a></p>',
            ))
        if environment.getattr((undefined(name='finding') if l_1_finding is missing else l_1_finding), 'caveat'):
            pass
            t_4.extend((
                '<p><b>Caveat</b> ',
                escape(environment.finalize(context.call((undefined(name='coded') if l_0_coded is missing else l_0_coded), environment.getattr((undefined(name='finding') if l_1_finding is missing else l_1_finding), 'caveat')))),
                '</p>',
            ))
        if environment.getattr(l_1_item, 'overlaps'):
            pass
            t_4.append(
                '<p>Claims some of the same time as ',
            )
            l_2_loop = missing
            for l_2_rank, l_2_loop in LoopContext(environment.getattr(l_1_item, 'overlaps'), undefined):
                _loop_vars = {}
                pass
                t_4.extend((
                    '<a href="#',
                    escape(environment.finalize(environment.getattr(l_1_view, 'id'))),
                    '-finding-',
                    escape(environment.finalize(l_2_rank)),
                    '">finding ',
                    escape(environment.finalize(l_2_rank)),
                    '</a>',
                ))
                if (not environment.getattr(l_2_loop, 'last')):
                    pass
                    t_4.append(
                        ', ',
                    )
            l_2_loop = l_2_rank = missing
            t_4.append(
                '; their savings do not add up.</p>\n',
            )
        t_4.extend((
            '<p>',
            escape(environment.finalize(environment.getattr(l_1_item, 'concerns'))),
            ': launches ',
            escape(environment.finalize(environment.getattr(l_1_item, 'launch_ids'))),
            '.</p>\n',
        ))
        if environment.getattr(environment.getattr(l_1_item, 'kernels'), 'rows'):
            pass
            t_4.extend((
                escape(environment.finalize(context.call((undefined(name='rows') if l_0_rows is missing else l_0_rows), environment.getattr(l_1_item, 'kernels'), None, name_class='', label=markup_join(('Launches of finding ', environment.getattr(environment.getattr(l_1_item, 'line'), 'rank'), ))))),
                '\n',
            ))
        t_4.append(
            '</details>\n</div>\n</li>\n',
        )
        return concat(t_4)
    context.exported_vars.add('card')
    context.vars['card'] = l_0_card = Macro(environment, macro, 'card', ('view', 'item'), False, False, False, context.eval_ctx.autoescape)
    def macro(l_1_title, l_1_sentences, l_1_open):
        t_5 = []
        if l_1_title is missing:
            l_1_title = undefined("parameter 'title' was not provided", name='title')
        if l_1_sentences is missing:
            l_1_sentences = undefined("parameter 'sentences' was not provided", name='sentences')
        if l_1_open is missing:
            l_1_open = False
        pass
        if l_1_sentences:
            pass
            t_5.append(
                '<details class="told"',
            )
            if l_1_open:
                pass
                t_5.append(
                    ' open',
                )
            t_5.extend((
                '><summary>',
                escape(environment.finalize(l_1_title)),
                '</summary><ul>\n',
            ))
            for l_2_sentence in l_1_sentences:
                _loop_vars = {}
                pass
                t_5.extend((
                    '<li>',
                    escape(environment.finalize(context.call((undefined(name='coded') if l_0_coded is missing else l_0_coded), l_2_sentence, _loop_vars=_loop_vars))),
                    '</li>\n',
                ))
            l_2_sentence = missing
            t_5.append(
                '</ul></details>\n',
            )
        return concat(t_5)
    context.exported_vars.add('told')
    context.vars['told'] = l_0_told = Macro(environment, macro, 'told', ('title', 'sentences', 'open'), False, False, False, context.eval_ctx.autoescape)
    l_0_found = environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'findings')
    context.vars['found'] = l_0_found
    context.exported_vars.add('found')
    yield '<section class="to-do" id="'
    yield escape(environment.finalize(environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'id')))
    yield '-findings" aria-labelledby="'
    yield escape(environment.finalize(environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'id')))
    yield '-findings-title">\n<h2 id="'
    yield escape(environment.finalize(environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'id')))
    yield '-findings-title">What to do'
    if environment.getattr((undefined(name='found') if l_0_found is missing else l_0_found), 'items'):
        pass
        yield ' <small>saving first, each done alone'
        if environment.getattr((undefined(name='found') if l_0_found is missing else l_0_found), 'ticks'):
            pass
            yield ', against '
            yield escape(environment.finalize(environment.getattr((undefined(name='found') if l_0_found is missing else l_0_found), 'total')))
            yield ' of '
            yield escape(environment.finalize(('wall time' if (environment.getattr((undefined(name='found') if l_0_found is missing else l_0_found), 'of_what') == 'wall') else environment.getattr((undefined(name='found') if l_0_found is missing else l_0_found), 'of_what'))))
        yield '</small>'
    yield '</h2>\n<div class="card">\n'
    if environment.getattr((undefined(name='found') if l_0_found is missing else l_0_found), 'items'):
        pass
        if environment.getattr((undefined(name='found') if l_0_found is missing else l_0_found), 'ticks'):
            pass
            yield '<div class="axis" aria-hidden="true"><span></span><span>'
            for l_1_tick in environment.getattr((undefined(name='found') if l_0_found is missing else l_0_found), 'ticks'):
                _loop_vars = {}
                pass
                yield '<i style="left:'
                yield escape(environment.finalize(environment.getattr(l_1_tick, 'pct')))
                yield '%">'
                yield escape(environment.finalize(environment.getattr(l_1_tick, 'text')))
                yield '</i>'
            l_1_tick = missing
            yield '</span></div>\n'
        if environment.getattr((undefined(name='found') if l_0_found is missing else l_0_found), 'together'):
            pass
            yield '<div class="finding all">\n<div class="save"><span><b>'
            yield escape(environment.finalize(environment.getattr(environment.getattr((undefined(name='found') if l_0_found is missing else l_0_found), 'together'), 'figure')))
            yield '</b> '
            yield escape(environment.finalize(environment.getattr(environment.getattr((undefined(name='found') if l_0_found is missing else l_0_found), 'together'), 'unit')))
            yield '</span><small>'
            yield escape(environment.finalize(environment.getattr(environment.getattr((undefined(name='found') if l_0_found is missing else l_0_found), 'together'), 'share')))
            yield ' of '
            yield escape(environment.finalize(environment.getattr((undefined(name='found') if l_0_found is missing else l_0_found), 'of_what')))
            yield '</small></div>\n'
            yield escape(environment.finalize(context.call((undefined(name='bar') if l_0_bar is missing else l_0_bar), environment.getattr(environment.getattr((undefined(name='found') if l_0_found is missing else l_0_found), 'together'), 'bar'), markup_join(('All of it together: ', environment.getattr(environment.getattr((undefined(name='found') if l_0_found is missing else l_0_found), 'together'), 'figure'), ' ', environment.getattr(environment.getattr((undefined(name='found') if l_0_found is missing else l_0_found), 'together'), 'unit'), ' of ', environment.getattr((undefined(name='found') if l_0_found is missing else l_0_found), 'total'), )))))
            yield '\n<div class="what"><h3>All of it together</h3><p class="evidence">Every moment counted once. Solid is the low end, striped the reach to the high end.</p></div>\n</div>\n'
        yield '<ol class="findings">\n'
        for l_1_item in environment.getattr((undefined(name='found') if l_0_found is missing else l_0_found), 'first'):
            _loop_vars = {}
            pass
            yield escape(environment.finalize(context.call((undefined(name='card') if l_0_card is missing else l_0_card), (undefined(name='view') if l_0_view is missing else l_0_view), l_1_item, _loop_vars=_loop_vars)))
        l_1_item = missing
        yield '</ol>\n'
        if environment.getattr((undefined(name='found') if l_0_found is missing else l_0_found), 'others'):
            pass
            yield '<details class="told others"><summary>'
            yield escape(environment.finalize(environment.getattr((undefined(name='found') if l_0_found is missing else l_0_found), 'folded')))
            yield '</summary>\n<ol class="findings" start="'
            yield escape(environment.finalize((t_2(environment.getattr((undefined(name='found') if l_0_found is missing else l_0_found), 'first')) + 1)))
            yield '">\n'
            for l_1_item in environment.getattr((undefined(name='found') if l_0_found is missing else l_0_found), 'others'):
                _loop_vars = {}
                pass
                yield escape(environment.finalize(context.call((undefined(name='card') if l_0_card is missing else l_0_card), (undefined(name='view') if l_0_view is missing else l_0_view), l_1_item, _loop_vars=_loop_vars)))
            l_1_item = missing
            yield '</ol></details>\n'
    else:
        pass
        yield '<div class="nothing '
        yield escape(environment.finalize(t_1(environment.getattr((undefined(name='found') if l_0_found is missing else l_0_found), 'answer'))))
        yield '">\n<svg viewBox="0 0 24 24" aria-hidden="true">'
        if (environment.getattr((undefined(name='found') if l_0_found is missing else l_0_found), 'answer') == 'nothing_worth_doing'):
            pass
            yield '<path d="M5 12.5l4.5 4.5L19 7.5"/>'
        else:
            pass
            yield '<circle cx="10.5" cy="10.5" r="6"/><path d="M15 15l5.5 5.5"/>'
        yield '</svg>\n<div><h3>'
        yield escape(environment.finalize(environment.getattr((undefined(name='found') if l_0_found is missing else l_0_found), 'empty_title')))
        yield '</h3><p>'
        yield escape(environment.finalize(context.call((undefined(name='coded') if l_0_coded is missing else l_0_coded), environment.getattr((undefined(name='found') if l_0_found is missing else l_0_found), 'empty'))))
        yield '</p>\n'
        if environment.getattr((undefined(name='found') if l_0_found is missing else l_0_found), 'most_time'):
            pass
            yield '<p class="most-time">'
            yield escape(environment.finalize(context.call((undefined(name='coded') if l_0_coded is missing else l_0_coded), environment.getattr((undefined(name='found') if l_0_found is missing else l_0_found), 'most_time'))))
            yield '</p>'
        yield '</div>\n</div>\n'
    yield '<div class="tolds">\n'
    yield escape(environment.finalize(context.call((undefined(name='told') if l_0_told is missing else l_0_told), markup_join(('Looked at and left alone: ', t_2(environment.getattr((undefined(name='found') if l_0_found is missing else l_0_found), 'looked')), )), environment.getattr((undefined(name='found') if l_0_found is missing else l_0_found), 'looked'))))
    yield '\n'
    yield escape(environment.finalize(context.call((undefined(name='told') if l_0_told is missing else l_0_told), markup_join(('Could not look: ', t_2(environment.getattr((undefined(name='found') if l_0_found is missing else l_0_found), 'could_not_look')), ', and what to collect', )), environment.getattr((undefined(name='found') if l_0_found is missing else l_0_found), 'could_not_look'), ((not environment.getattr((undefined(name='found') if l_0_found is missing else l_0_found), 'items')) and (t_2(environment.getattr((undefined(name='found') if l_0_found is missing else l_0_found), 'could_not_look')) > 1)))))
    yield '\n'
    yield escape(environment.finalize(context.call((undefined(name='told') if l_0_told is missing else l_0_told), markup_join(('Not advised, and why: ', t_2(environment.getattr((undefined(name='found') if l_0_found is missing else l_0_found), 'declined')), )), environment.getattr((undefined(name='found') if l_0_found is missing else l_0_found), 'declined'))))
    yield '\n'
    yield escape(environment.finalize(context.call((undefined(name='told') if l_0_told is missing else l_0_told), 'About these figures', environment.getattr((undefined(name='found') if l_0_found is missing else l_0_found), 'notes'))))
    yield '\n'
    yield escape(environment.finalize(context.call((undefined(name='told') if l_0_told is missing else l_0_told), 'What takes most of the time', ([environment.getattr((undefined(name='found') if l_0_found is missing else l_0_found), 'most_time')] if (environment.getattr((undefined(name='found') if l_0_found is missing else l_0_found), 'items') and environment.getattr((undefined(name='found') if l_0_found is missing else l_0_found), 'most_time')) else []))))
    yield '\n</div>\n</div>\n</section>'

blocks = {}
debug_info = '1=25&2=37&3=58&4=66&5=69&6=75&7=100&9=114&10=131&11=140&12=154&13=162&15=167&16=172&20=179&21=186&22=193&23=200&24=206&26=229&27=234&28=237&34=246&35=255&36=260&37=270&38=275&43=285&44=289&45=293&47=306&48=308&49=311&51=321&53=324&54=332&59=335&61=341&62=344&63=346&64=348&68=357&69=359&70=366&71=370&75=377&76=379&77=381&78=383&79=385'

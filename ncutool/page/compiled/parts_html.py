"""Made of parts.html by docs/make_templates.py."""

made_by = '3.1.6'
made_of = [3041, 3341401870]

from jinja2.runtime import LoopContext, Macro, Markup, Namespace, TemplateNotFound, TemplateReference, TemplateRuntimeError, Undefined, escape, identity, internalcode, markup_join, missing, str_join
name = 'parts.html'

def root(context, missing=missing):
    resolve = context.resolve_or_missing
    undefined = environment.undefined
    concat = environment.concat
    cond_expr_undefined = Undefined
    if 0: yield None
    l_0_icon = l_0_stacked = l_0_coded = l_0_copy = l_0_errors = l_0_warnings = l_0_rows = missing
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
        t_3 = environment.filters['percent']
    except KeyError:
        @internalcode
        def t_3(*unused):
            raise TemplateRuntimeError("No filter named 'percent' found.")
    try:
        t_4 = environment.filters['round']
    except KeyError:
        @internalcode
        def t_4(*unused):
            raise TemplateRuntimeError("No filter named 'round' found.")
    try:
        t_5 = environment.filters['with_code']
    except KeyError:
        @internalcode
        def t_5(*unused):
            raise TemplateRuntimeError("No filter named 'with_code' found.")
    pass
    def macro(l_1_piece):
        t_6 = []
        if l_1_piece is missing:
            l_1_piece = undefined("parameter 'piece' was not provided", name='piece')
        pass
        if environment.getattr(l_1_piece, 'shape'):
            pass
            t_6.extend((
                '<svg class="ic k-',
                escape(environment.finalize(t_2(environment.getattr(l_1_piece, 'kind')))),
                '" aria-hidden="true"><use href="#s-',
                escape(environment.finalize(environment.getattr(l_1_piece, 'shape'))),
                '"/></svg>',
            ))
        else:
            pass
            t_6.extend((
                '<i class="k-',
                escape(environment.finalize(t_2(environment.getattr(l_1_piece, 'kind')))),
                '" aria-hidden="true"></i>',
            ))
        return concat(t_6)
    context.exported_vars.add('icon')
    context.vars['icon'] = l_0_icon = Macro(environment, macro, 'icon', ('piece',), False, False, False, context.eval_ctx.autoescape)
    def macro(l_1_card):
        t_7 = []
        if l_1_card is missing:
            l_1_card = undefined("parameter 'card' was not provided", name='card')
        pass
        t_7.extend((
            '<h2>',
            escape(environment.finalize(environment.getattr(l_1_card, 'title'))),
        ))
        if environment.getattr(l_1_card, 'figure'):
            pass
            t_7.extend((
                ' <b>',
                escape(environment.finalize(environment.getattr(l_1_card, 'figure'))),
                '</b> ',
                escape(environment.finalize(environment.getattr(l_1_card, 'rest'))),
            ))
        if environment.getattr(l_1_card, 'remark'):
            pass
            t_7.extend((
                ' <small>',
                escape(environment.finalize(environment.getattr(l_1_card, 'remark'))),
                '</small>',
            ))
        t_7.append(
            '</h2>\n',
        )
        if environment.getattr(l_1_card, 'fold'):
            pass
            t_7.extend((
                '<details class="why"><summary>',
                escape(environment.finalize(environment.getattr(l_1_card, 'fold'))),
                '</summary><ul>',
            ))
            for l_2_line in environment.getattr(l_1_card, 'folded'):
                _loop_vars = {}
                pass
                t_7.extend((
                    '<li>',
                    escape(environment.finalize(l_2_line)),
                    '</li>',
                ))
            l_2_line = missing
            t_7.append(
                '</ul></details>\n',
            )
        if environment.getattr(l_1_card, 'pieces'):
            pass
            t_7.append(
                '<div class="stack" aria-hidden="true">',
            )
            def t_8(fiter):
                for l_2_piece in fiter:
                    if (environment.getattr(l_2_piece, 'pct') > 0):
                        yield l_2_piece
            for l_2_piece in t_8(environment.getattr(l_1_card, 'pieces')):
                _loop_vars = {}
                pass
                t_7.extend((
                    '<i class="k-',
                    escape(environment.finalize(t_2(environment.getattr(l_2_piece, 'kind')))),
                    '" style="flex:',
                    escape(environment.finalize(t_4(environment.getattr(l_2_piece, 'pct'), 3))),
                    '" title="',
                    escape(environment.finalize(environment.getattr(l_2_piece, 'name'))),
                    ' ',
                    escape(environment.finalize(t_3(environment.getattr(l_2_piece, 'pct')))),
                    '"></i>',
                ))
            l_2_piece = missing
            t_7.append(
                '</div>\n<ul class="legend">\n',
            )
            for l_2_piece in environment.getattr(l_1_card, 'pieces'):
                _loop_vars = {}
                pass
                t_7.extend((
                    '<li title="',
                    escape(environment.finalize(environment.getattr(l_2_piece, 'title'))),
                    '">',
                ))
                if environment.getattr(l_2_piece, 'filter'):
                    pass
                    t_7.extend((
                        '<button type="button" data-filter="',
                        escape(environment.finalize(environment.getattr(l_2_piece, 'filter'))),
                        '" aria-pressed="false">',
                    ))
                t_7.extend((
                    escape(environment.finalize(context.call((undefined(name='icon') if l_0_icon is missing else l_0_icon), l_2_piece, _loop_vars=_loop_vars))),
                    escape(environment.finalize(environment.getattr(l_2_piece, 'name'))),
                ))
                if environment.getattr(l_2_piece, 'amount'):
                    pass
                    t_7.extend((
                        ' <b>',
                        escape(environment.finalize(environment.getattr(l_2_piece, 'amount'))),
                        '</b> ',
                        escape(environment.finalize(t_3(environment.getattr(l_2_piece, 'pct')))),
                    ))
                else:
                    pass
                    t_7.extend((
                        ' <b>',
                        escape(environment.finalize(t_3(environment.getattr(l_2_piece, 'pct')))),
                        '</b>',
                    ))
                if environment.getattr(l_2_piece, 'filter'):
                    pass
                    t_7.append(
                        '</button>',
                    )
                t_7.append(
                    '</li>\n',
                )
            l_2_piece = missing
            t_7.append(
                '</ul>\n',
            )
        return concat(t_7)
    context.exported_vars.add('stacked')
    context.vars['stacked'] = l_0_stacked = Macro(environment, macro, 'stacked', ('card',), False, False, False, context.eval_ctx.autoescape)
    def macro(l_1_text):
        t_9 = []
        if l_1_text is missing:
            l_1_text = undefined("parameter 'text' was not provided", name='text')
        pass
        for l_2_part in t_5(l_1_text):
            _loop_vars = {}
            pass
            if environment.getattr(l_2_part, 'code'):
                pass
                t_9.extend((
                    '<code>',
                    escape(environment.finalize(environment.getattr(l_2_part, 'text'))),
                    '</code>',
                ))
            else:
                pass
                t_9.append(
                    escape(environment.finalize(environment.getattr(l_2_part, 'text'))),
                )
        l_2_part = missing
        return concat(t_9)
    context.exported_vars.add('coded')
    context.vars['coded'] = l_0_coded = Macro(environment, macro, 'coded', ('text',), False, False, False, context.eval_ctx.autoescape)
    def macro(l_1_text):
        t_10 = []
        if l_1_text is missing:
            l_1_text = undefined("parameter 'text' was not provided", name='text')
        pass
        t_10.extend((
            '<button type="button" data-copy-text="',
            escape(environment.finalize(l_1_text)),
            '" hidden>Copy</button>',
        ))
        return concat(t_10)
    context.exported_vars.add('copy')
    context.vars['copy'] = l_0_copy = Macro(environment, macro, 'copy', ('text',), False, False, False, context.eval_ctx.autoescape)
    def macro(l_1_notices):
        t_11 = []
        if l_1_notices is missing:
            l_1_notices = undefined("parameter 'notices' was not provided", name='notices')
        pass
        def t_12(fiter):
            for l_2_notice in fiter:
                if (environment.getattr(l_2_notice, 'severity') == 'error'):
                    yield l_2_notice
        l_2_loop = missing
        for l_2_notice, l_2_loop in LoopContext(t_12(l_1_notices), undefined):
            _loop_vars = {}
            pass
            if environment.getattr(l_2_loop, 'first'):
                pass
                t_11.append(
                    '<ul class="notices">\n',
                )
            t_11.extend((
                '<li class="error"><b>Careful</b> ',
                escape(environment.finalize(context.call((undefined(name='coded') if l_0_coded is missing else l_0_coded), environment.getattr(l_2_notice, 'text'), _loop_vars=_loop_vars))),
                '</li>\n',
            ))
            if environment.getattr(l_2_loop, 'last'):
                pass
                t_11.append(
                    '</ul>\n',
                )
        l_2_loop = l_2_notice = missing
        return concat(t_11)
    context.exported_vars.add('errors')
    context.vars['errors'] = l_0_errors = Macro(environment, macro, 'errors', ('notices',), False, False, False, context.eval_ctx.autoescape)
    def macro(l_1_notices):
        t_13 = []
        if l_1_notices is missing:
            l_1_notices = undefined("parameter 'notices' was not provided", name='notices')
        pass
        def t_14(fiter):
            for l_2_notice in fiter:
                if (environment.getattr(l_2_notice, 'severity') == 'warning'):
                    yield l_2_notice
        l_2_loop = missing
        for l_2_notice, l_2_loop in LoopContext(t_14(l_1_notices), undefined):
            _loop_vars = {}
            pass
            if environment.getattr(l_2_loop, 'first'):
                pass
                t_13.extend((
                    '<details class="notices warning"><summary><b>',
                    escape(environment.finalize(t_1(environment.getattr(l_2_loop, 'length'), 'notice'))),
                    '</b> ',
                    escape(environment.finalize(context.call((undefined(name='coded') if l_0_coded is missing else l_0_coded), environment.getattr(l_2_notice, 'text'), _loop_vars=_loop_vars))),
                    '</summary><ul>\n',
                ))
            t_13.extend((
                '<li>',
                escape(environment.finalize(context.call((undefined(name='coded') if l_0_coded is missing else l_0_coded), environment.getattr(l_2_notice, 'text'), _loop_vars=_loop_vars))),
                '</li>\n',
            ))
            if environment.getattr(l_2_loop, 'last'):
                pass
                t_13.append(
                    '</ul></details>\n',
                )
        l_2_loop = l_2_notice = missing
        return concat(t_13)
    context.exported_vars.add('warnings')
    context.vars['warnings'] = l_0_warnings = Macro(environment, macro, 'warnings', ('notices',), False, False, False, context.eval_ctx.autoescape)
    def macro(l_1_table, l_1_most, l_1_name_class, l_1_label):
        t_15 = []
        if l_1_table is missing:
            l_1_table = undefined("parameter 'table' was not provided", name='table')
        if l_1_most is missing:
            l_1_most = undefined("parameter 'most' was not provided", name='most')
        if l_1_name_class is missing:
            l_1_name_class = 'name'
        if l_1_label is missing:
            l_1_label = ''
        pass
        t_15.append(
            '<div class="scroll" tabindex="0"',
        )
        if l_1_label:
            pass
            t_15.extend((
                ' role="region" aria-label="',
                escape(environment.finalize(l_1_label)),
                ', scrollable"',
            ))
        t_15.extend((
            '><table class="small"><thead><tr><th scope="col">',
            escape(environment.finalize(environment.getattr(l_1_table, 'heading'))),
            '</th>',
        ))
        for (l_2_name, l_2_heading) in environment.getattr(l_1_table, 'columns'):
            _loop_vars = {}
            pass
            t_15.append(
                '<th scope="col"',
            )
            if (l_2_name in environment.getattr(l_1_table, 'words')):
                pass
                t_15.append(
                    ' class="reason"',
                )
            t_15.extend((
                '>',
                escape(environment.finalize(l_2_heading)),
                '</th>',
            ))
        l_2_name = l_2_heading = missing
        t_15.append(
            '</tr></thead><tbody>\n',
        )
        l_2_loop = missing
        for l_2_row, l_2_loop in LoopContext(environment.getattr(l_1_table, 'rows')[:l_1_most], undefined):
            _loop_vars = {}
            pass
            t_15.append(
                '<tr><td',
            )
            if l_1_name_class:
                pass
                t_15.extend((
                    ' class="',
                    escape(environment.finalize(l_1_name_class)),
                    '"',
                ))
            t_15.append(
                '>',
            )
            if environment.getattr(l_2_row, 'detail'):
                pass
                t_15.extend((
                    '<b>',
                    escape(environment.finalize(environment.getattr(l_2_row, 'name'))),
                    '</b> <span>',
                    escape(environment.finalize(environment.getattr(l_2_row, 'detail'))),
                    '</span>',
                ))
            else:
                pass
                t_15.append(
                    escape(environment.finalize(environment.getattr(l_2_row, 'name'))),
                )
            t_15.append(
                '</td>',
            )
            l_3_loop = missing
            for l_3_value, l_3_loop in LoopContext(environment.getattr(l_2_row, 'values'), undefined):
                l_3_quantity = resolve('quantity')
                l_3_column = missing
                _loop_vars = {}
                pass
                l_3_column = environment.getitem(environment.getitem(environment.getattr(l_1_table, 'columns'), environment.getattr(l_3_loop, 'index0')), 0)
                _loop_vars['column'] = l_3_column
                t_15.append(
                    '<td',
                )
                if ((undefined(name='column') if l_3_column is missing else l_3_column) in environment.getattr(l_1_table, 'words')):
                    pass
                    t_15.append(
                        ' class="reason"',
                    )
                t_15.extend((
                    '>',
                    escape(environment.finalize(context.call((undefined(name='quantity') if l_3_quantity is missing else l_3_quantity), (undefined(name='column') if l_3_column is missing else l_3_column), l_3_value, _loop_vars=_loop_vars))),
                    '</td>',
                ))
            l_3_loop = l_3_value = l_3_column = l_3_quantity = missing
            t_15.append(
                '</tr>\n',
            )
        l_2_loop = l_2_row = missing
        t_15.append(
            '</tbody></table></div>',
        )
        return concat(t_15)
    context.exported_vars.add('rows')
    context.vars['rows'] = l_0_rows = Macro(environment, macro, 'rows', ('table', 'most', 'name_class', 'label'), False, False, False, context.eval_ctx.autoescape)

blocks = {}
debug_info = '1=42&2=66&3=73&4=93&5=97&7=112&8=117&10=139&11=144&16=188&17=212&18=225&19=230&20=238&23=245&24=248&29=257&30=262&31=270&32=274&34=281&35=284&40=293&41=307&42=340&43=346'

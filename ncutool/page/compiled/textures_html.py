"""Made of textures.html by docs/make_templates.py."""

made_by = '3.1.6'
made_of = [2555, 2047263570]

from jinja2.runtime import LoopContext, Macro, Markup, Namespace, TemplateNotFound, TemplateReference, TemplateRuntimeError, Undefined, escape, identity, internalcode, markup_join, missing, str_join
name = 'textures.html'

def root(context, missing=missing):
    resolve = context.resolve_or_missing
    undefined = environment.undefined
    concat = environment.concat
    cond_expr_undefined = Undefined
    if 0: yield None
    l_0_pattern = l_0_turned = l_0_stripe = l_0_faint = l_0_dot = l_0_bar = l_0_cause = missing
    try:
        t_1 = environment.filters['safe']
    except KeyError:
        @internalcode
        def t_1(*unused):
            raise TemplateRuntimeError("No filter named 'safe' found.")
    pass
    yield '<svg width="0" height="0" style="position:absolute" aria-hidden="true"><defs>\n'
    def macro(l_1_kind, l_1_size, l_1_marks, l_1_turn):
        t_2 = []
        if l_1_kind is missing:
            l_1_kind = undefined("parameter 'kind' was not provided", name='kind')
        if l_1_size is missing:
            l_1_size = undefined("parameter 'size' was not provided", name='size')
        if l_1_marks is missing:
            l_1_marks = undefined("parameter 'marks' was not provided", name='marks')
        if l_1_turn is missing:
            l_1_turn = ''
        pass
        t_2.extend((
            '<pattern id="t-',
            escape(environment.finalize(l_1_kind)),
            '" width="',
            escape(environment.finalize(l_1_size)),
            '" height="',
            escape(environment.finalize(l_1_size)),
            '" patternUnits="userSpaceOnUse"',
            escape(environment.finalize(l_1_turn)),
            '><path d="M0 0H',
            escape(environment.finalize(l_1_size)),
            'V',
            escape(environment.finalize(l_1_size)),
            'H0z" class="k-',
            escape(environment.finalize(l_1_kind)),
            '"/>',
            escape(environment.finalize(l_1_marks)),
            '</pattern>',
        ))
        return concat(t_2)
    context.exported_vars.add('pattern')
    context.vars['pattern'] = l_0_pattern = Macro(environment, macro, 'pattern', ('kind', 'size', 'marks', 'turn'), False, False, False, context.eval_ctx.autoescape)
    l_0_turned = Markup(' patternTransform="rotate(45)"')
    context.vars['turned'] = l_0_turned
    context.exported_vars.add('turned')
    l_0_stripe = Markup('<path d="M0 0H2V5H0z" style="fill:var(--card)"/>')
    context.vars['stripe'] = l_0_stripe
    context.exported_vars.add('stripe')
    l_0_faint = Markup('<path d="M0 0H1.5V5H0z" style="fill:var(--card);fill-opacity:.6"/>')
    context.vars['faint'] = l_0_faint
    context.exported_vars.add('faint')
    l_0_dot = Markup('<circle cx="2" cy="2" r="1" style="fill:var(--card)"/>')
    context.vars['dot'] = l_0_dot
    context.exported_vars.add('dot')
    l_0_bar = Markup('<path d="M0 0H1.2V4H0z" style="fill:var(--card)"/>')
    context.vars['bar'] = l_0_bar
    context.exported_vars.add('bar')
    yield escape(environment.finalize(context.call((undefined(name='pattern') if l_0_pattern is missing else l_0_pattern), 'below-memory-roof', 5, (undefined(name='stripe') if l_0_stripe is missing else l_0_stripe), (undefined(name='turned') if l_0_turned is missing else l_0_turned))))
    yield escape(environment.finalize(context.call((undefined(name='pattern') if l_0_pattern is missing else l_0_pattern), 'below-compute-roof', 5, (undefined(name='stripe') if l_0_stripe is missing else l_0_stripe), (undefined(name='turned') if l_0_turned is missing else l_0_turned))))
    yield escape(environment.finalize(context.call((undefined(name='pattern') if l_0_pattern is missing else l_0_pattern), 'cache', 4, (undefined(name='dot') if l_0_dot is missing else l_0_dot))))
    yield escape(environment.finalize(context.call((undefined(name='pattern') if l_0_pattern is missing else l_0_pattern), 'balanced', 4, (undefined(name='dot') if l_0_dot is missing else l_0_dot))))
    yield escape(environment.finalize(context.call((undefined(name='pattern') if l_0_pattern is missing else l_0_pattern), 'small-grid', 4, (undefined(name='dot') if l_0_dot is missing else l_0_dot))))
    yield escape(environment.finalize(context.call((undefined(name='pattern') if l_0_pattern is missing else l_0_pattern), 'copy', 4, (undefined(name='bar') if l_0_bar is missing else l_0_bar))))
    yield escape(environment.finalize(context.call((undefined(name='pattern') if l_0_pattern is missing else l_0_pattern), 'communication', 4, (undefined(name='bar') if l_0_bar is missing else l_0_bar))))
    yield escape(environment.finalize(context.call((undefined(name='pattern') if l_0_pattern is missing else l_0_pattern), 'unknown', 5, (undefined(name='faint') if l_0_faint is missing else l_0_faint), (undefined(name='turned') if l_0_turned is missing else l_0_turned))))
    yield '\n'
    def macro(l_1_number, l_1_size, l_1_marks, l_1_turn):
        t_3 = []
        if l_1_number is missing:
            l_1_number = undefined("parameter 'number' was not provided", name='number')
        if l_1_size is missing:
            l_1_size = undefined("parameter 'size' was not provided", name='size')
        if l_1_marks is missing:
            l_1_marks = undefined("parameter 'marks' was not provided", name='marks')
        if l_1_turn is missing:
            l_1_turn = ''
        pass
        t_3.extend((
            '<pattern id="t-cause-',
            escape(environment.finalize(l_1_number)),
            '" width="',
            escape(environment.finalize(l_1_size)),
            '" height="',
            escape(environment.finalize(l_1_size)),
            '" patternUnits="userSpaceOnUse"',
            escape(environment.finalize(l_1_turn)),
            '><path d="M0 0H',
            escape(environment.finalize(l_1_size)),
            'V',
            escape(environment.finalize(l_1_size)),
            'H0z" style="fill:var(--card)"/>',
            escape(environment.finalize(l_1_marks)),
            '</pattern>',
        ))
        return concat(t_3)
    context.exported_vars.add('cause')
    context.vars['cause'] = l_0_cause = Macro(environment, macro, 'cause', ('number', 'size', 'marks', 'turn'), False, False, False, context.eval_ctx.autoescape)
    yield escape(environment.finalize(context.call((undefined(name='cause') if l_0_cause is missing else l_0_cause), 1, 5, Markup('<path d="M0 0H2V5H0z" style="fill:var(--ink)"/>'), (undefined(name='turned') if l_0_turned is missing else l_0_turned))))
    yield escape(environment.finalize(context.call((undefined(name='cause') if l_0_cause is missing else l_0_cause), 2, 3.2, Markup('<path d="M0 0H1.2V3.2H0z" style="fill:var(--ink)"/>'))))
    yield escape(environment.finalize(context.call((undefined(name='cause') if l_0_cause is missing else l_0_cause), 3, 4, Markup('<circle cx="2" cy="2" r="1" style="fill:var(--ink)"/>'))))
    yield escape(environment.finalize(context.call((undefined(name='cause') if l_0_cause is missing else l_0_cause), 5, 3.2, Markup('<path d="M0 0H3.2V1.2H0z" style="fill:var(--ink)"/>'))))
    yield '\n<symbol id="s-circle" viewBox="0 0 12 12"><circle cx="6" cy="6" r="4"/></symbol><symbol id="s-ring" viewBox="0 0 12 12"><circle cx="6" cy="6" r="3.8"/></symbol><symbol id="s-square" viewBox="0 0 12 12"><rect x="2.4" y="2.4" width="7.2" height="7.2" rx="1.2"/></symbol><symbol id="s-triangle-up" viewBox="0 0 12 12"><path d="M6 1.5 11 10.2H1z"/></symbol><symbol id="s-triangle-down" viewBox="0 0 12 12"><path d="M6 10.5 11 1.8H1z"/></symbol><symbol id="s-triangle-left" viewBox="0 0 12 12"><path d="M1.5 6 10.2 1v10z"/></symbol><symbol id="s-diamond" viewBox="0 0 12 12"><path d="M6 .8 11.2 6 6 11.2.8 6z"/></symbol><symbol id="s-cross" viewBox="0 0 12 12"><path d="M4.3 1h3.4v3.3H11v3.4H7.7V11H4.3V7.7H1V4.3h3.3z"/></symbol>\n</defs></svg>'

blocks = {}
debug_info = '3=19&4=52&5=55&6=58&7=61&8=64&9=67&11=76&12=107'

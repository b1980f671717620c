"""Made of roofline.html by docs/make_templates.py."""

made_by = '3.1.6'
made_of = [2046, 545856022]

from jinja2.runtime import LoopContext, Macro, Markup, Namespace, TemplateNotFound, TemplateReference, TemplateRuntimeError, Undefined, escape, identity, internalcode, markup_join, missing, str_join
name = 'roofline.html'

def root(context, missing=missing):
    resolve = context.resolve_or_missing
    undefined = environment.undefined
    concat = environment.concat
    cond_expr_undefined = Undefined
    if 0: yield None
    l_0_view = resolve('view')
    l_0_drawing = resolve('drawing')
    l_0_version = resolve('version')
    l_0_coded = missing
    try:
        t_1 = environment.filters['join']
    except KeyError:
        @internalcode
        def t_1(*unused):
            raise TemplateRuntimeError("No filter named 'join' found.")
    try:
        t_2 = environment.filters['kebab']
    except KeyError:
        @internalcode
        def t_2(*unused):
            raise TemplateRuntimeError("No filter named 'kebab' found.")
    pass
    included_template = environment.get_template('parts.html', 'roofline.html')._get_default_module(context)
    l_0_coded = getattr(included_template, 'coded', missing)
    if l_0_coded is missing:
        l_0_coded = undefined(f"the template {included_template.__name__!r} (imported on line 1 in 'roofline.html') does not export the requested name 'coded'", name='coded')
    context.vars['coded'] = l_0_coded
    context.exported_vars.discard('coded')
    yield '<section class="card drawing" aria-labelledby="'
    yield escape(environment.finalize(environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'id')))
    yield '-'
    yield escape(environment.finalize(environment.getattr((undefined(name='drawing') if l_0_drawing is missing else l_0_drawing), 'name')))
    yield '-title"'
    if environment.getattr((undefined(name='drawing') if l_0_drawing is missing else l_0_drawing), 'legend'):
        pass
        yield ' data-drawing="'
        yield escape(environment.finalize(environment.getattr((undefined(name='drawing') if l_0_drawing is missing else l_0_drawing), 'name')))
        yield '" data-title="'
        yield escape(environment.finalize(environment.getattr((undefined(name='drawing') if l_0_drawing is missing else l_0_drawing), 'title')))
        yield ': '
        yield escape(environment.finalize(environment.getattr(environment.getattr(environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'document'), 'verdict'), 'capture')))
        yield '" data-about="'
        yield escape(environment.finalize(environment.getattr(environment.getattr(environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'document'), 'device'), 'name')))
        yield ' · '
        if environment.getattr((undefined(name='drawing') if l_0_drawing is missing else l_0_drawing), 'share'):
            pass
            yield escape(environment.finalize(environment.getattr((undefined(name='drawing') if l_0_drawing is missing else l_0_drawing), 'share')))
            yield ' · '
        yield 'ncutool '
        yield escape(environment.finalize((undefined(name='version') if l_0_version is missing else l_0_version)))
        yield '" data-file="'
        yield escape(environment.finalize(environment.getattr(environment.getattr(environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'document'), 'verdict'), 'capture')))
        yield '"'
    yield '>\n<div class="drawing-head"><h2 id="'
    yield escape(environment.finalize(environment.getattr((undefined(name='view') if l_0_view is missing else l_0_view), 'id')))
    yield '-'
    yield escape(environment.finalize(environment.getattr((undefined(name='drawing') if l_0_drawing is missing else l_0_drawing), 'name')))
    yield '-title">'
    yield escape(environment.finalize(environment.getattr((undefined(name='drawing') if l_0_drawing is missing else l_0_drawing), 'title')))
    if environment.getattr((undefined(name='drawing') if l_0_drawing is missing else l_0_drawing), 'share'):
        pass
        yield ' <small>'
        yield escape(environment.finalize(environment.getattr((undefined(name='drawing') if l_0_drawing is missing else l_0_drawing), 'share')))
        yield '</small>'
    yield '</h2>'
    if environment.getattr((undefined(name='drawing') if l_0_drawing is missing else l_0_drawing), 'legend'):
        pass
        yield '<p class="chart-tools" hidden><span class="zooms"><button type="button" data-zoom="in" aria-label="Zoom in">+</button><button type="button" data-zoom="out" aria-label="Zoom out">−</button><button type="button" data-zoom="all" aria-label="Show all">All</button></span><button type="button" data-save="svg" aria-label="Save the '
        yield escape(environment.finalize(environment.getattr((undefined(name='drawing') if l_0_drawing is missing else l_0_drawing), 'title')))
        yield ' as SVG">SVG</button><button type="button" data-save="png" aria-label="Save the '
        yield escape(environment.finalize(environment.getattr((undefined(name='drawing') if l_0_drawing is missing else l_0_drawing), 'title')))
        yield ' as PNG">PNG</button></p>'
    yield '</div>\n'
    if environment.getattr((undefined(name='drawing') if l_0_drawing is missing else l_0_drawing), 'empty'):
        pass
        yield '<p class="empty">'
        yield escape(environment.finalize(context.call((undefined(name='coded') if l_0_coded is missing else l_0_coded), environment.getattr((undefined(name='drawing') if l_0_drawing is missing else l_0_drawing), 'empty'))))
        yield '</p>'
    if environment.getattr((undefined(name='drawing') if l_0_drawing is missing else l_0_drawing), 'wide'):
        pass
        if environment.getattr((undefined(name='drawing') if l_0_drawing is missing else l_0_drawing), 'toggles'):
            pass
            yield '<div class="toggles" role="group" aria-label="Shown in the '
            yield escape(environment.finalize(environment.getattr((undefined(name='drawing') if l_0_drawing is missing else l_0_drawing), 'title')))
            yield '">'
            for (l_1_name, l_1_word) in environment.getattr((undefined(name='drawing') if l_0_drawing is missing else l_0_drawing), 'toggles'):
                _loop_vars = {}
                pass
                yield '<label><input type="checkbox" checked data-hides="'
                yield escape(environment.finalize(l_1_name))
                yield '">'
                yield escape(environment.finalize(l_1_word))
                yield '</label>'
            l_1_name = l_1_word = missing
            yield '</div>\n'
        yield '<div class="plane"><div class="wide">'
        yield escape(environment.finalize(environment.getattr((undefined(name='drawing') if l_0_drawing is missing else l_0_drawing), 'wide')))
        yield '</div><div class="narrow">'
        yield escape(environment.finalize(environment.getattr((undefined(name='drawing') if l_0_drawing is missing else l_0_drawing), 'narrow')))
        yield '</div></div>\n'
        if environment.getattr((undefined(name='drawing') if l_0_drawing is missing else l_0_drawing), 'legend'):
            pass
            yield '<ul class="legend marks">'
            for (l_1_bound, l_1_shape, l_1_word) in environment.getattr((undefined(name='drawing') if l_0_drawing is missing else l_0_drawing), 'legend'):
                _loop_vars = {}
                pass
                yield '<li><button type="button" data-bound="'
                yield escape(environment.finalize(l_1_bound))
                yield '" data-filter="bound:'
                yield escape(environment.finalize(l_1_bound))
                yield '" aria-pressed="false"><svg class="ic k-'
                yield escape(environment.finalize(t_2(l_1_bound)))
                yield '" aria-hidden="true"><use href="#s-'
                yield escape(environment.finalize(l_1_shape))
                yield '"/></svg>'
                yield escape(environment.finalize(l_1_word))
                yield '</button></li>'
            l_1_bound = l_1_shape = l_1_word = missing
            yield '</ul>\n'
    if environment.getattr((undefined(name='drawing') if l_0_drawing is missing else l_0_drawing), 'notes'):
        pass
        yield '<p class="note">'
        yield escape(environment.finalize(context.call((undefined(name='coded') if l_0_coded is missing else l_0_coded), t_1(context.eval_ctx, environment.getattr((undefined(name='drawing') if l_0_drawing is missing else l_0_drawing), 'notes'), ' '))))
        yield '</p>'
    yield '</section>'

blocks = {}
debug_info = '1=27&2=34&3=59&4=78&5=83&6=85&7=88&9=101&10=105&11=108&14=124'

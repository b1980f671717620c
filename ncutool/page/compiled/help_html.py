"""Made of help.html by docs/make_templates.py."""

made_by = '3.1.6'
made_of = [777, 3723295647]

from jinja2.runtime import LoopContext, Macro, Markup, Namespace, TemplateNotFound, TemplateReference, TemplateRuntimeError, Undefined, escape, identity, internalcode, markup_join, missing, str_join
name = 'help.html'

def root(context, missing=missing):
    resolve = context.resolve_or_missing
    undefined = environment.undefined
    concat = environment.concat
    cond_expr_undefined = Undefined
    if 0: yield None
    pass
    yield '<dialog id="help" aria-labelledby="help-title">\n<h2 id="help-title">Keys</h2>\n<dl class="pairs">\n<dt><kbd>/</kbd></dt><dd>filter the kernels</dd>\n<dt><kbd>j</kbd> <kbd>k</kbd></dt><dd>next and previous kernel of the table</dd>\n<dt><kbd>Enter</kbd></dt><dd>open the kernel, or choose the finding: its launches light up everywhere</dd>\n<dt><kbd>←</kbd> <kbd>→</kbd> <kbd>↑</kbd> <kbd>↓</kbd></dt><dd>on the roofline: the next mark; on the timeline: earlier and later</dd>\n<dt><kbd>+</kbd> <kbd>−</kbd> <kbd>Home</kbd></dt><dd>on a picture: nearer, farther, all of it</dd>\n<dt><kbd>Escape</kbd></dt><dd>clear what is chosen and filtered, and close this</dd>\n<dt><kbd>?</kbd></dt><dd>these keys</dd>\n</dl>\n<p><button type="button" data-close>Close</button></p>\n</dialog>'

blocks = {}
debug_info = ''

"""Configuration of the documentation. `make -C docs html` builds it; Sphinx needs no network."""

import os
import sys
import zlib
from pathlib import Path

from cnn_digits import __version__

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # for gallery_order

# Examples load TensorFlow, whose remarks about the processor would be in their output.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("MPLBACKEND", "agg")

project = "cnn-digits"
author = "The cnn-digits developers"
copyright = f"2026, {author}"
version = release = __version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx.ext.viewcode",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
    "sphinx_design",
    "sphinx_copybutton",
    # For CHANGELOG.md, and for what the pages quote from README.md and benchmarks/README.md.
    "myst_parser",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "node_modules", "inventories"]

# The page on which one draws, which the Makefile has built where npm is there.
html_extra_path = []
if (HERE / "_build" / "draw").exists():
    html_extra_path.append("_build/draw")
    tags.add("draw")  # noqa: F821 (Sphinx's)

# "auto" is to be copied with the quotes that it is typed with.
smartquotes = False

# In the list of a page's contents `fit` is enough for `CNNDigitClassifier.fit`.
toc_object_entries_show_parents = "hide"

# In docstrings, `name` is a parameter, an attribute or code, as in scikit-learn's; what is meant
# as a link has a role.
default_role = "literal"

# Every reference has to lead somewhere. What is left out has its reason beside it.
nitpicky = True
nitpick_ignore = []
nitpick_ignore_regex = []


def _inventory(path):
    """Base address of a project's documentation, and a packed copy of the names listed in `path`.

    Intersphinx would fetch the list of all names in scikit-learn's, NumPy's or Matplotlib's
    documentation at every build: without a network that is a warning, and -W makes it an error.
    Ignoring names of other projects would let their typing errors pass and leave readers without
    a link. So `inventories/` holds the names that these pages use, in the form that the packed
    lists have inside. A name that is not there is reported as any other broken reference.
    """
    address, *names = path.read_text("utf-8").splitlines()
    header = (
        f"# Sphinx inventory version 2\n# Project: {path.stem}\n# Version: stable\n"
        "# The remainder of this file is compressed using zlib.\n"
    )
    packed = HERE / "_build" / "inventories" / f"{path.stem}.inv"
    packed.parent.mkdir(parents=True, exist_ok=True)
    packed.write_bytes(header.encode() + zlib.compress("\n".join([*names, ""]).encode()))
    return address, str(packed)


intersphinx_mapping = {
    path.stem: _inventory(path) for path in sorted((HERE / "inventories").glob("*.txt"))
}

autosummary_generate = True

numpydoc_show_class_members = False  # the template of a class lists them
numpydoc_validation_checks = {
    "all",
    # House style, which is scikit-learn's as well.
    "GL01",  # the summary begins right after the quotes
    "ES01",  # a summary may be all there is to say
    "RT02",  # what is returned has a name
    "RT03",  # ... which is enough for `self`
    "SA01",  # no "See Also" for its own sake
    # An example for each class and function, tested in tests/test_docs.py, not for each method.
    "EX01",
}
# Inherited from scikit-learn, which validates its docstrings itself.
numpydoc_validation_exclude = {
    r"\.(get_params|set_params|score)$",
    r"\.(FrameDigits|Normalize|Reshape)\.fit_transform$",
    r"\.(Augment|Normalize)\.get_feature_names_out$",
    r"\.Normalize\.set_output$",
}

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "within_subsection_order": "gallery_order.rank",
    "minigallery_sort_order": "gallery_order.rank",
    "backreferences_dir": "generated/backreferences",
    "doc_module": ("cnn_digits",),
    "remove_config_comments": True,
    "download_all_examples": False,
    "show_memory": False,
    "write_computation_times": False,
}

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

html_theme = "pydata_sphinx_theme"
html_title = f"cnn-digits {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_favicon = "_static/favicon.svg"
html_show_sourcelink = False
html_sidebars = {
    # Pages without pages below them.
    name: []
    for name in ("index", "install", "quick_start", "draw", "changelog", "design", "contributing")
}
html_theme_options = {
    "logo": {"text": f"cnn-digits {version}"},
    "header_links_before_dropdown": 6,
    "navbar_align": "left",
    "secondary_sidebar_items": ["page-toc"],
    "show_toc_level": 2,
    "footer_start": ["copyright"],
    "footer_end": ["sphinx-version"],
}
html_context = {"default_mode": "auto"}

"""Figures of the package's structure: entries, modules, lines, imports and import circles.

    python -m benchmarks.structure [CHECKOUT]

An import points up if the importing room stands below the imported one in the layers of pyproject.toml.
"""

import ast
import statistics
import sys
import tomllib
from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp

PACKAGE = "proxy_oa_assets"


def code_lines_per_definition(texts: Iterable[str]) -> float:
    """Return the lines without empty ones, comments and docstrings, per function and class."""
    code = definitions = 0
    for text in texts:
        lines = [line.strip() for line in text.splitlines()]
        code += sum(bool(line) and not line.startswith("#") for line in lines)
        for node in ast.walk(ast.parse(text)):
            definitions += isinstance(node, ast.FunctionDef | ast.ClassDef)
            if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node):
                docstring = node.body[0]
                code -= sum(map(bool, lines[docstring.lineno - 1 : docstring.end_lineno]))
    return code / definitions


def circle(imports: dict[str, set[str]]) -> str:
    """Return a circle among modules, or that there is none."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return " > ".join(error.args[1])
    return "none"


def main() -> None:
    """Print the figures of a checkout, by default of this one."""
    checkout = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parents[1]).resolve()
    sys.path.insert(0, str(checkout))
    folder = checkout / PACKAGE
    files = {file: file.read_text(encoding="utf-8") for file in folder.rglob("*.py")}
    lengths = {file: len(text.splitlines()) for file, text in files.items() if text}
    largest = max(lengths, key=lengths.__getitem__)
    top = [path for path in folder.iterdir() if path.name not in ("__init__.py", "__pycache__", "py.typed")]

    graph = grimp.build_graph(PACKAGE, cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    arrows = [(importer, imported) for importer, them in imports.items() for imported in them]
    rooms = {(a.split(".")[1], b.split(".")[1]) for a, b in arrows if "." in a and "." in b}
    configured = tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    contracts = configured.get("importlinter", {}).get("contracts", [])
    layers: list[str] = next((each["layers"] for each in contracts if each["type"] == "layers"), [])
    up = [(a, b) for a, b in rooms if {a, b} <= set(layers) and layers.index(a) > layers.index(b)]

    print(f"{'top-level entries':<32}{len(top)}, {sum(path.is_file() for path in top)} of them files")
    print(f"{'modules':<32}{len(lengths)}")
    print(f"{'lines':<32}{sum(lengths.values()):,}")
    print(f"{'code lines per definition':<32}{code_lines_per_definition(files.values()):.1f}")
    print(f"{'median lines of a file':<32}{statistics.median(lengths.values()):.0f}")
    print(f"{'largest file':<32}{lengths[largest]} lines, {largest.relative_to(folder)}")
    print(f"{'imports between modules':<32}{len(arrows)}")
    print(f"{'imports between rooms':<32}{sum(a != b for a, b in rooms)}")
    print(f"{'circle among modules':<32}{circle(imports)}")
    print(f"{'imports that point up':<32}{len(up) if layers else 'no layers are configured'}")


if __name__ == "__main__":
    main()

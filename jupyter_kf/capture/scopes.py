"""Which names do the scopes inside a statement read from the module? Python's own answer.

Asks `symtable`, the compiler's table of scopes. A statement is unparsed first: that keeps every
name and scope, and frees the text from its indentation. Pure; standard library only.
"""

from __future__ import annotations

import ast
import symtable


def _table(node: ast.stmt) -> symtable.SymbolTable:
    text = ast.unparse(ast.fix_missing_locations(ast.Module([node], [])))
    return symtable.symtable(text, "<cell>", "exec")


def free_in(node: ast.stmt) -> set[str]:
    """Names that one statement reads from outside, whenever that is."""
    table = _table(node)
    top = {s.get_name() for s in table.get_symbols() if s.is_referenced()}
    return top | _inside(table)


def _inside(table: symtable.SymbolTable) -> set[str]:
    """Names that the scopes nested in `table` read from the module's scope."""
    found: set[str] = set()
    for child in table.get_children():
        found |= _own(child) | _inside(child)
    return found


def _own(table: symtable.SymbolTable) -> set[str]:
    found = set()
    in_class = table.get_type() == "class"
    for symbol in table.get_symbols():
        outside = symbol.is_global() and (symbol.is_referenced() or symbol.is_declared_global())
        rebound = in_class and symbol.is_local() and symbol.is_referenced()
        if outside or rebound:
            found.add(symbol.get_name())
    return found - {"__module__", "__qualname__"}


def class_reads(node: ast.ClassDef) -> tuple[set[str], set[str], set[str]]:
    """Names read by the body, names it both reads and binds, names its methods read."""
    fields = {f: getattr(node, f) for f in node._fields} | {"decorator_list": []}
    queue = list(_table(ast.ClassDef(**fields)).get_children())
    now: set[str] = set()
    rebound: set[str] = set()
    methods: set[str] = set()
    for table in queue:
        if table.get_name() == node.name and table.get_type() == "class":
            read = [s for s in table.get_symbols() if s.is_referenced()]
            now |= {s.get_name() for s in read if s.is_global()}
            rebound |= {s.get_name() for s in read if s.is_local()}
            methods |= _inside(table)
        else:
            queue.extend(table.get_children())
            now |= _own(table)
    return now, rebound, methods


def bound_in(module: ast.Module) -> set[str]:
    """Names that a module binds, by ``global`` inside functions too."""
    if not module.body:
        return set()
    table = symtable.symtable(ast.unparse(module), "<cell>", "exec")
    bound = {s.get_name() for s in table.get_symbols() if s.is_assigned() or s.is_imported()}
    queue = list(table.get_children())
    for child in queue:
        queue.extend(child.get_children())
        bound |= {
            s.get_name() for s in child.get_symbols() if s.is_declared_global() and s.is_assigned()
        }
    return bound


def body_reads(node: ast.stmt) -> set[str]:
    """Names that the scopes inside a statement read: of a function, those its body reads."""
    return _inside(_table(node))

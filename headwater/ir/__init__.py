"""The graph language: specs, primitives, graphs, and the dispatch of a primitive to eager execution or into a trace."""

"""The grammars of the notations that emlc reads; installed as the package `emlc.grammar`."""

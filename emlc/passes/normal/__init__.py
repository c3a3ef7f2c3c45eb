"""Normal forms: what a formula and a tree are brought to, so that equal ones are one object."""

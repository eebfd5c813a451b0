"""How surprising a row is, given what its actor and its actor's peers did on the days before."""

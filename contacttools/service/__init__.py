"""Service: the connected site. Only here is the network, and only below `transport` is HTTP."""

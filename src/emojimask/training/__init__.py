"""Train, evaluate and export expression models. Needs the extra ``[train]``.

Nothing of the runtime imports this room (or torch); it imports the runtime's preprocessing, so that training and
running cannot drift apart.
"""

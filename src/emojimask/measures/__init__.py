"""How a face moves: from landmarks to :class:`emojimask.types.Measures`."""

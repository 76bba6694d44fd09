"""How much of anybody's face shows in a masked copy, looked at with other eyes than the masking's."""

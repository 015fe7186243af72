"""Shows that the command `lockstep` finds its way in an emulated AWS account."""

"""What a person sits at: what is shown there, how, and in what words a command stops."""

"""The learner process: the runner inside it, and the judge's handle and watch on it."""

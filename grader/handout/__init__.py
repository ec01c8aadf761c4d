"""What goes out of the house: the students' repository, and Gradescope's autograder.

``pruning`` cuts a module down to what given names need; ``public`` makes of an exercise what
students may see; ``builder`` puts a whole repository together and ``writing`` writes it;
``bundle`` is Gradescope's zip, and ``autograder`` is what runs in its container.
"""

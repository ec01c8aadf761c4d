"""What authors of exercises begin with: new folders from templates, and what is still to do there.

``templates`` holds the files of a new exercise; ``layout`` puts them into a suite, all or none;
``leftovers`` finds what nobody has filled in.
"""

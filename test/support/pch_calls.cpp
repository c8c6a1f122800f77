// The precompiled header of programs of whole connections is built with this file.

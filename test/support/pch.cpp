// The precompiled header of every test is built with this file.

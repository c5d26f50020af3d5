//! Simulated networks and virtual time for the scenarios of the sipsimple workspace.

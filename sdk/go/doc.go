// Package slipway writes task services for Slipway (DefineTask, Serve), tests them without a server (RunTask), and talks to the
// control plane (NewClient).
package slipway

// Version is that of the module.
const Version = "0.1.0"

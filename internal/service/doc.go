// Package service tells the service manager how the daemon is: systemd's
// sd_notify protocol, and its watchdog. Without a service manager it does nothing.
//
//	n := service.New()
//	n.Ready()
//	n.Alive() // as long as there is progress
//	n.Stopping()
//
// It is the only package that knows go-systemd.
package service

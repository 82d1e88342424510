package service

import (
	"github.com/coreos/go-systemd/v22/daemon"
)

// Notifier tells systemd. It is safe for concurrent use.
type Notifier struct {
	send func(state string)
}

// New returns a notifier to the service manager that started the process, if one
// did.
func New() *Notifier {
	// What can't be told is no reason to stop: systemd sees the process itself.
	return &Notifier{send: func(state string) { _, _ = daemon.SdNotify(false, state) }}
}

// Ready says that the service works.
func (n *Notifier) Ready() { n.send(daemon.SdNotifyReady) }

// Reloading says that the configuration is being read again; Ready ends it.
func (n *Notifier) Reloading() { n.send(daemon.SdNotifyReloading) }

// Stopping says that the service ends.
func (n *Notifier) Stopping() { n.send(daemon.SdNotifyStopping) }

// Status is one line for people, in `systemctl status`.
func (n *Notifier) Status(text string) { n.send("STATUS=" + text) }

// Alive feeds the watchdog: without it for WatchdogSec the service is started
// anew.
func (n *Notifier) Alive() { n.send(daemon.SdNotifyWatchdog) }

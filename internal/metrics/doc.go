// Package metrics shows Prometheus what a daemon does, and answers health checks.
// It is the only package that knows the Prometheus library.
//
// What happens on the way of a line is counted as it happens (Line, Record,
// Exchange); what a stage counts itself, and what only exists at the moment of a
// scrape, is asked for then (Gauges):
//
//	m := metrics.New("1.2.3")
//	m.Ask(metrics.Gauges{Delivery: func() metrics.Delivery { … }})
//	server, err := metrics.Listen("127.0.0.1:9464", "", m)
//	defer server.Close()
//
// All methods may be called concurrently. No label holds a user, a session, a
// model or anything else that a client chooses: labels are kinds, reasons, sources
// of attribution, sinks and the paths of logs.
package metrics

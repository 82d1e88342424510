// Package event reads the JSON object that a shipper put around a line: Vector's,
// Fluent Bit's, Filebeat's. Which member holds the line is told, never guessed:
// LiteLLM's own JSON records have a member `message` too, whose text the clients
// write.
package event

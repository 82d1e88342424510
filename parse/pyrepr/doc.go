// Package pyrepr reads Python repr text.
package pyrepr

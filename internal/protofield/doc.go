// Package protofield reads protobuf messages on the wire, without building them: a
// message that is built takes a hundred bytes and more for each that is empty.
package protofield

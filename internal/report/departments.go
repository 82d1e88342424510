package report

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"tailer/ship/otlp"
)

// Departments says which department a user belongs to. Keys are users, or
// domains as "@example.org", in lower case.
type Departments map[string]string

// ReadDepartments reads CSV with two columns, user and department; a first line
// that says so is skipped, and so are further columns. A user may be an e-mail
// address, an id, or "@example.org" for all of a domain; the case of letters does
// not count. A user with two departments is an error.
func ReadDepartments(in io.Reader) (Departments, error) {
	r := csv.NewReader(in)
	r.FieldsPerRecord, r.TrimLeadingSpace, r.Comment, r.LazyQuotes = -1, true, '#', true
	d := Departments{}
	for line := 1; ; line++ {
		fields, err := r.Read()
		if errors.Is(err, io.EOF) {
			return d, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read departments: %w", err)
		}
		if len(fields) < 2 {
			return nil, fmt.Errorf("read departments: line %d has no second column", line)
		}
		user := strings.ToLower(strings.TrimSpace(strings.TrimPrefix(fields[0], "\ufeff")))
		department := strings.TrimSpace(fields[1])
		switch known, twice := d[user]; {
		case line == 1 && strings.EqualFold(department, "department"):
		case user == "" || department == "" || !utf8.ValidString(user+department):
			return nil, fmt.Errorf("read departments: line %d needs a user and a department", line)
		case twice && known != department:
			return nil, fmt.Errorf("read departments: %s is in %q and in %q", user, known, department)
		default:
			d[user] = department
		}
	}
}

// of returns the department of who made the request: as listed, else the groups
// that a header named, else the domain of an e-mail address, else "".
func (d Departments) of(s *otlp.Summary) string {
	user := strings.ToLower(s.User)
	_, domain, isAddress := strings.Cut(user, "@")
	if department, ok := d[user]; ok {
		return department
	}
	if department, ok := d["@"+domain]; ok && isAddress {
		return department
	}
	if s.Groups != "" {
		return s.Groups
	}
	if isAddress && strings.Contains(domain, ".") && !strings.ContainsAny(domain, " @/") {
		return domain
	}
	return ""
}

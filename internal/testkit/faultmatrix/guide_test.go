package faultmatrix_test

import (
	"fmt"
	"strings"
)

// table is a table of the guide, between marks of this name.
type table struct {
	name    string
	title   string
	rows    []row
	lasting bool
	cells   [][]string
}

func (m *table) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "### %s\n\n| fault |", m.title)
	for _, op := range operations() {
		b.WriteString(" " + op.name + " |")
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(operations())) + "\n")
	for i, f := range m.rows {
		fmt.Fprintf(&b, "| %s | %s |\n", f.Name, strings.Join(m.cells[i], " | "))
	}
	return b.String()
}

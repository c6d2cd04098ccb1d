package oci

import "time"

// WaitLess shortens the waits between attempts to a thousandth.
func WaitLess() { retryWaitMin = time.Millisecond }

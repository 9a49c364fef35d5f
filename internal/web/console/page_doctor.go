package console

import "github.com/lockstep-dev/lockstep"

var doctorPages = []page{{path: "/doctor", name: "Doctor", title: "Doctor", file: "doctor.html", read: readDoctor}}

func readDoctor(v *visit) (any, error) {
	var data lockstep.Diagnosis
	return &data, v.get("/v1/doctor", &data)
}

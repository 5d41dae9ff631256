# SPDX-License-Identifier: MIT OR Apache-2.0
# From cuda.h: a row for each CUresult, its description made from its name where none is given.
BEGIN {
	said["CUDA_SUCCESS"] = "no error"
	said["CUDA_ERROR_INVALID_VALUE"] = "invalid argument"
	said["CUDA_ERROR_NOT_INITIALIZED"] = "initialization error"
	said["CUDA_ERROR_DEINITIALIZED"] = "driver shutting down"
	said["CUDA_ERROR_NO_DEVICE"] = "no CUDA-capable device is detected"
	said["CUDA_ERROR_INVALID_DEVICE"] = "invalid device ordinal"
	said["CUDA_ERROR_INVALID_CONTEXT"] = "invalid device context"
	said["CUDA_ERROR_ILLEGAL_ADDRESS"] = "an illegal memory access was encountered"
	said["CUDA_ERROR_NOT_SUPPORTED"] = "operation not supported"
	said["CUDA_ERROR_NOT_FOUND"] = "named symbol not found"
}
/^typedef enum cudaError_enum/ { inside = 1; next }
inside && /^\}/ { exit }
inside && $2 == "=" {
	text = said[$1]
	if (text == "") {
		text = tolower($1)
		sub(/^cuda_error_/, "", text)
		gsub(/_/, " ", text)
	}
	printf "\t{ %s, \"%s\", \"%s\" },\n", $1, $1, text
}

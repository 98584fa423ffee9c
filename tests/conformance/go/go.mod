module livelambda.test/conformance

go 1.22

require github.com/aws/aws-lambda-go v1.49.0

# The modules in order, and what each may include: the one copy of the table in docs/architecture.md.
# `base` is open to everyone; what stands here is reached transitively. The layering test reads this file.
set(LIVELAMBDA_MODULES base codec os net bridge app project aws runtime_api worker deploy localcloud session cli stub)

set(MAY_USE_base)
set(MAY_USE_codec base)
set(MAY_USE_os base)
set(MAY_USE_net base)
set(MAY_USE_bridge codec)
set(MAY_USE_app codec)
set(MAY_USE_project os app)
set(MAY_USE_aws net codec)
set(MAY_USE_runtime_api net codec)
set(MAY_USE_worker os runtime_api app)
set(MAY_USE_deploy app aws)
set(MAY_USE_localcloud codec os net app)
set(MAY_USE_session base codec os net bridge app project aws runtime_api worker deploy)
set(MAY_USE_cli session localcloud)
set(MAY_USE_stub codec net aws bridge)

# The local cloud is many services, each a folder of its own that is built and tested by itself. A part may include what
# stands beside it, and the headers of localcloud/ itself; of another service only its interface, <service>/<service>.h.
set(PARTS_localcloud iam s3 dynamodb logs sqs sns secretsmanager ssm events lambda event_sources apigateway cloudformation server)
foreach(part ${PARTS_localcloud})
  set(MAY_USE_localcloud_${part} iam)
endforeach()
set(MAY_USE_localcloud_iam)
set(TESTS_MAY_USE_localcloud_apigateway lambda)  # its fakes
set(MAY_USE_localcloud_server ${PARTS_localcloud})

# What each module links beside other modules.
set(LINKS_base tl::expected Threads::Threads)
set(LINKS_codec yaml zstd minizip z)
set(LINKS_net OpenSSL::SSL OpenSSL::Crypto)
set(LINKS_bridge OpenSSL::Crypto)
set(LINKS_project OpenSSL::Crypto)
set(LINKS_aws OpenSSL::Crypto)
set(LINKS_deploy OpenSSL::Crypto)
set(LINKS_worker OpenSSL::Crypto)
set(LINKS_localcloud OpenSSL::SSL OpenSSL::Crypto)
set(LINKS_cli CLI11::CLI11)

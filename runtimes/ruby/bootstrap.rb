# frozen_string_literal: true

# Runs a Lambda function on this machine: loads the handler, then asks the Runtime API for one event after the other.
#
# Ruby 3.1 or later, the standard library only. What it does follows the public source of AWS's own runtime for Ruby, the gem
# aws_lambda_ric 3 (github.com/aws/aws-lambda-ruby-runtime-interface-client), whose quirks handlers rely on: a NoMethodError, a
# NameError or an exit ends the process after it was answered; what fails outside of the handler is told as an init error.
# Left out of traces is this file, which AWS's own show at their end. The AWS SDK is not part of it.

require "json"
require "logger"
require "net/http"
require "stringio"

module Livelambda
  CONTENT_TYPE = "application/json"
  OWN_FILE = File.realpath(__FILE__)
  EXIT_OF_INIT = -4
  EXIT_OF_HANDLER = -1
  EXIT_OF_RUNTIME = -2
  # What the Runtime API is told in a header; all else is the user's.
  KNOWN_ERRORS = %w[ArgumentError NoMethodError Exception StandardError NameError LoadError SystemExit SystemStackError].freeze

  class << self
    attr_accessor :request_id
  end

  class RuntimeApi
    def initialize(address)
      host, port = address.split(":")
      @http = Net::HTTP.new(host, Integer(port), nil) # no proxy
      @http.read_timeout = nil
      @http.keep_alive_timeout = 1 << 30
      @http.max_retries = 0
    end

    def next
      answer = @http.started? ? get : @http.start && get
      raise "Received #{answer.code} when waiting for next invocation." unless answer.is_a?(Net::HTTPSuccess)

      answer
    end

    def response(request_id, body, content_type)
      post("invocation/#{request_id}/response", body, "Content-Type" => content_type)
    end

    def invocation_error(request_id, failure)
      cause = failure.xray_cause
      headers = failure.headers
      headers["Lambda-Runtime-Function-XRay-Error-Cause"] = cause if cause.bytesize < 1024 * 1024
      post("invocation/#{request_id}/error", failure.answer.to_json, headers)
    end

    def init_error(failure)
      post("init/error", failure.answer.to_json, failure.headers)
    end

    private

    def get
      @http.get("/2018-06-01/runtime/invocation/next")
    end

    # A refusal is no failure of ours: Lambda tells the caller itself (413, Function.ResponseSizeTooLarge).
    def post(path, body, headers)
      @http.start unless @http.started?
      @http.post("/2018-06-01/runtime/#{path}", body, { "Content-Type" => "application/x-www-form-urlencoded", **headers })
    end
  end

  # What an exception is answered with. `origin` is "Function", "Init" or "Runtime".
  class Failure
    def initialize(error, origin)
      @error_class = error.class.to_s
      @message = error.message
      @type = "#{origin}<#{error.class}>"
      @frames = (error.backtrace_locations || []).first(100).take_while { |frame| frame.absolute_path != OWN_FILE }
    end

    def answer
      { errorMessage: @message, errorType: @type, stackTrace: @frames.map(&:to_s) }
    end

    def headers
      { "Lambda-Runtime-Function-Error-Type" => KNOWN_ERRORS.include?(@error_class) ? @type : "Function<UserException>" }
    end

    def xray_cause
      stack = @frames.first(15).map { |frame| { path: frame.path, line: frame.lineno, label: frame.label } }
      JSON.dump(working_directory: Dir.pwd, paths: Gem.paths.path, exceptions: [{ message: @message, type: @type, stack: stack }])
    end

    def log(words)
      puts words
      puts JSON.pretty_generate(answer)
    end
  end

  # One record is one line of output: line breaks inside it become carriage returns, and a record separator at the end tells
  # livelambda to turn them back. In Lambda, `puts` and loggers write frames, with the same effect.
  class Output
    def initialize
      @out = $stdout.dup
      @out.sync = true
    end

    def write(text)
      text = text.chomp
      text = "#{text.gsub("\n", "\r")}\x1e" if text.include?("\n")
      @out.write("#{text}\n")
    end

    def close = nil
  end

  class TextLines < Logger::Formatter
    def call(severity, time, progname, message)
      line = "%s, [%s #%d] %5s %s -- %s: %s" % [severity[0], format_datetime(time), Process.pid, severity, Livelambda.request_id,
                                                progname, msg2str(message)]
      "#{line.encode("UTF-8", invalid: :replace, undef: :replace, replace: "\uFFFD")}\n"
    end
  end

  class JsonLines < Logger::Formatter
    def call(severity, time, progname, message)
      is_error = message.is_a?(Exception)
      shown = { timestamp: time.utc.strftime("%Y-%m-%dT%H:%M:%S.%6NZ"), level: severity,
                message: clean(is_error ? message.message : msg2str(message)), requestId: Livelambda.request_id }
      shown[:logger] = clean(progname) unless progname.to_s.empty?
      shown.update(of_error(message)) if is_error
      "#{JSON.generate(shown.compact)}\n"
    end

    private

    def of_error(error)
      { errorType: error.class.to_s, errorMessage: clean(error.message), stackTrace: Array(error.backtrace).map { |line| clean(line) },
        location: location(error.backtrace&.first) }
    end

    def location(line)
      at = clean(line).match(/\A(?<file>.+):(?<line>\d+):in [`'](?<method>.+)'\z/)
      at ? "#{at[:file]}:#{at[:method]}:#{at[:line]}" : line && clean(line)
    end

    def clean(text)
      text.to_s.encode("UTF-8", invalid: :replace, undef: :replace, replace: "\uFFFD")
    end
  end

  # Loggers that write to standard output or standard error, or nowhere, are Lambda's.
  module Loggers
    LEVELS = { "TRACE" => Logger::DEBUG, "DEBUG" => Logger::DEBUG, "INFO" => Logger::INFO, "WARN" => Logger::WARN,
               "ERROR" => Logger::ERROR, "FATAL" => Logger::FATAL }.freeze

    def initialize(device, shift_age = 0, shift_size = 1_048_576, **options)
      if !device || device == $stdout || device == $stderr
        device = OUTPUT
        options[:formatter] ||= ENV["AWS_LAMBDA_LOG_FORMAT"].to_s.upcase == "JSON" ? JsonLines.new : TextLines.new
        level = LEVELS[ENV["AWS_LAMBDA_LOG_LEVEL"].to_s.upcase]
        options[:level] = level if level && !options.key?(:level)
      end
      super(device, shift_age, shift_size, **options)
    end
  end

  # "file.method" or "folder/file.Module::Class.method".
  class Handler
    attr_reader :file

    def initialize(name)
      parts = name.split(".")
      unless [2, 3].include?(parts.size)
        raise ArgumentError, "Invalid handler #{parts}, must be of form FILENAME.METHOD or FILENAME.CLASS.METHOD where FILENAME " \
                             "corresponds with an existing Ruby source file FILENAME.rb, CLASS is an optional module/class namespace " \
                             "and METHOD is a callable method. If using CLASS, METHOD must be a class-level method."
      end
      @file, *@class, @method = parts
    end

    # The body and its content type. What a file defines outside of classes is there for any object.
    def call(event, context)
      receiver = @class.empty? ? Object.new : Kernel.const_get(@class[0])
      body, content_type = AwsLambda::Marshaller.marshall_response(receiver.__send__(@method, event: event, context: context))
      [content_type == "application/unknown" ? body.read : body, content_type || CONTENT_TYPE]
    end
  end
end

# A handler's file may replace it.
module AwsLambda
  class Marshaller
    class << self
      def marshall_request(request)
        request["Content-Type"] == Livelambda::CONTENT_TYPE ? JSON.parse(request.body) : request.body
      end

      def marshall_response(response)
        case response
        when StringIO, IO then [response, "application/unknown"]
        else response.to_json
        end
      end
    end
  end
end

class LambdaContext
  attr_reader :aws_request_id, :invoked_function_arn, :log_group_name, :log_stream_name, :function_name, :memory_limit_in_mb,
              :function_version, :identity, :tenant_id, :client_context, :deadline_ms

  def initialize(request)
    @aws_request_id = request["Lambda-Runtime-Aws-Request-Id"]
    @invoked_function_arn = request["Lambda-Runtime-Invoked-Function-Arn"]
    @deadline_ms = request["Lambda-Runtime-Deadline-Ms"].to_i
    @tenant_id = given(request, "Aws-Tenant-Id")
    @identity = given(request, "Cognito-Identity")&.then { |text| JSON.parse(text) }
    @client_context = given(request, "Client-Context")&.then { |text| JSON.parse(text) }
    @w3c = take_w3c
    of_environment
  end

  def get_remaining_time_in_millis
    [@deadline_ms - Process.clock_gettime(Process::CLOCK_REALTIME, :millisecond), 0].max
  end

  def w3c = @w3c.dup

  private

  def of_environment
    @log_group_name = ENV["AWS_LAMBDA_LOG_GROUP_NAME"]
    @log_stream_name = ENV["AWS_LAMBDA_LOG_STREAM_NAME"]
    @function_name = ENV["AWS_LAMBDA_FUNCTION_NAME"]
    @memory_limit_in_mb = ENV["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
    @function_version = ENV["AWS_LAMBDA_FUNCTION_VERSION"]
  end

  def given(request, name)
    text = request["Lambda-Runtime-#{name}"].to_s
    text unless text.empty?
  end

  def take_w3c
    fields = @client_context.is_a?(Hash) ? @client_context.delete("w3c") : nil
    return {} unless fields.is_a?(Hash)

    fields.slice("traceparent", "tracestate", "baggage").select { |_, value| value.is_a?(String) }
  end
end

module Livelambda
  class << self
    def main
      task_root = ENV.fetch("LAMBDA_TASK_ROOT")
      api = RuntimeApi.new(ENV.fetch("AWS_LAMBDA_RUNTIME_API"))
      begin
        find_gems(task_root)
        handler = Handler.new(ENV.fetch("_HANDLER", ""))
        require handler.file
        status = serve(api, handler)
      rescue SignalException
        status = 0 # while it waits for an event
      rescue Exception => e
        status = EXIT_OF_INIT
        failure = Failure.new(e, "Init")
        failure.log("Init error when loading handler ")
        api.init_error(failure)
      end
      exit(status)
    end

    private

    # As in Lambda, unless LIVELAMBDA_GEMFILE names the project's own bundle.
    def find_gems(task_root)
      if (gemfile = ENV.delete("LIVELAMBDA_GEMFILE"))
        ENV["BUNDLE_GEMFILE"] = gemfile
        require "bundler/setup"
      else
        folders = Dir["#{task_root}/vendor/bundle/ruby/*"] + [ENV["GEM_PATH"]].compact
        unless folders.empty?
          ENV["GEM_PATH"] = "#{folders.join(":")}:" # the last colon is for RubyGems' own
          Gem.clear_paths
        end
      end
      $LOAD_PATH.unshift(task_root) unless $LOAD_PATH.include?(task_root)
    end

    # The status to end with: after an error that AWS's runtime takes for critical.
    def serve(api, handler)
      loop do
        request = api.next
        self.request_id = request["Lambda-Runtime-Aws-Request-Id"]
        trace_id = request["Lambda-Runtime-Trace-Id"]
        ENV["_X_AMZN_TRACE_ID"] = trace_id if trace_id
        event = AwsLambda::Marshaller.marshall_request(request)
        status = answer(api, handler, event, LambdaContext.new(request))
        return status if status
      end
    end

    def answer(api, handler, event, context)
      body, content_type = handler.call(event, context)
    rescue Exception => e
      # NameError, of which NoMethodError is one, and what is no StandardError
      critical = e.is_a?(NameError) || !e.is_a?(StandardError)
      failure = Failure.new(e, "Function")
      failure.log(critical ? "Critical exception from handler" : "Error raised from handler method")
      api.invocation_error(request_id, failure)
      EXIT_OF_HANDLER if critical
    else
      send_answer(api, body, content_type)
    end

    def send_answer(api, body, content_type)
      api.response(request_id, body, content_type)
      nil
    rescue StandardError => e
      api.invocation_error(request_id, Failure.new(e, "Runtime"))
      EXIT_OF_RUNTIME
    end
  end

  OUTPUT = Output.new
end

Logger.prepend(Livelambda::Loggers)
# What `puts` does without a receiver, in Lambda.
module Kernel
  def puts(*values)
    Livelambda::OUTPUT.write(values.flatten.map { |value| value.to_s.encode("UTF-8") }.join("\n"))
    nil
  end
end
$stdout.sync = true
Livelambda.main

package shop;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import java.util.HashMap;
import java.util.Map;

/** A RequestHandler. */
public class Orders implements RequestHandler<Map<String, Object>, Map<String, Object>> {
    private static int count = 0;

    @Override
    public Map<String, Object> handleRequest(Map<String, Object> event, Context context) {
        if (event.containsKey("fail")) throw new IllegalStateException(event.get("fail").toString());
        if (event.containsKey("exit")) System.exit((Integer) event.get("exit"));
        if (event.containsKey("log")) context.getLogger().log(event.get("log").toString());
        Map<String, Object> answer = new HashMap<>();
        answer.put("word", Words.WORD);
        answer.put("count", ++count);
        answer.put("pid", ProcessHandle.current().pid());
        answer.put("id", context.getAwsRequestId());
        answer.put("arn", context.getInvokedFunctionArn());
        answer.put("memory", context.getMemoryLimitInMB());
        answer.put("left", context.getRemainingTimeInMillis());
        answer.put("heap", Runtime.getRuntime().maxMemory() / 1024 / 1024);
        answer.put("option", System.getProperty("of.the.options"));
        answer.put("table", System.getenv("TABLE"));
        answer.put("root", System.getenv("LAMBDA_TASK_ROOT"));
        answer.put("folder", System.getProperty("user.dir"));
        answer.put("handler", System.getenv("_HANDLER"));
        answer.put("execution", System.getenv("AWS_EXECUTION_ENV"));
        return answer;
    }
}

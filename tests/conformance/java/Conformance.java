import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import java.util.Map;

/** The handler that AWS's client for Java is asked to run: the event names the case. */
public class Conformance implements RequestHandler<Map<String, Object>, Object> {
    static class OutOfStock extends RuntimeException {
        OutOfStock(String message, Throwable cause) { super(message, cause); }
    }

    @Override
    public Object handleRequest(Map<String, Object> event, Context context) {
        switch (String.valueOf(event.get("case"))) {
            case "error": throw new IllegalStateException("wrong: ä \ud83d\ude00\n\"second line\"");
            case "own_class": throw new OutOfStock("none left", new IllegalArgumentException("inner"));
            case "no_message": throw new RuntimeException();
            case "nothing": return null;
            case "text": return "ä\u2028<>&\u007f";
            case "bytes": return new byte[] {0, -1};
            case "not_a_number": return Double.NaN;
            case "circular": Map<String, Object> ring = new java.util.HashMap<>(); ring.put("ring", ring); return ring;
            case "size": return "x".repeat((Integer) event.get("size") - 2);
            case "exit": System.exit(7);
            default: return event;
        }
    }
}

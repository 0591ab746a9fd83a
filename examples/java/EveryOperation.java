// Calls every SOAP operation of every system at the gateway by classes that wsimport has generated from the served WSDL.
// LGSP_URL, LGSP_API_KEY, LGSP_SIMULATOR as in ../README.md; one argument: the folder of the generated classes.

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.module.jakarta.xmlbind.JakartaXmlBindAnnotationModule;
import jakarta.jws.WebMethod;
import jakarta.jws.WebService;
import jakarta.xml.ws.BindingProvider;
import jakarta.xml.ws.Service;
import jakarta.xml.ws.WebEndpoint;
import jakarta.xml.ws.WebServiceClient;
import jakarta.xml.ws.handler.MessageContext;
import java.io.File;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.URI;
import java.net.URL;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.xml.datatype.DatatypeConfigurationException;
import javax.xml.datatype.DatatypeFactory;
import javax.xml.datatype.XMLGregorianCalendar;

public final class EveryOperation {
  private static final String BUS = System.getenv("LGSP_URL");
  private static final String KEY = System.getenv("LGSP_API_KEY");
  private static final ObjectMapper JSON = JsonMapper.builder()
      .addModule(new JakartaXmlBindAnnotationModule())
      .addModule(new SimpleModule().addDeserializer(XMLGregorianCalendar.class, new AsWritten()))
      .enable(MapperFeature.USE_GETTERS_AS_SETTERS)
      .enable(DeserializationFeature.ACCEPT_SINGLE_VALUE_AS_ARRAY)
      .enable(MapperFeature.ACCEPT_CASE_INSENSITIVE_PROPERTIES)
      .build();

  /** A date is a date and nothing more: no hour, no zone is added to what the example says. */
  private static final class AsWritten extends JsonDeserializer<XMLGregorianCalendar> {
    @Override
    public XMLGregorianCalendar deserialize(JsonParser parser, DeserializationContext context) throws IOException {
      try {
        return DatatypeFactory.newInstance().newXMLGregorianCalendar(parser.getText());
      } catch (DatatypeConfigurationException error) {
        throw new IOException(error);
      }
    }
  }

  public static void main(String[] args) throws Exception {
    HttpRequest ask = HttpRequest.newBuilder(URI.create(System.getenv("LGSP_SIMULATOR") + "/_sim/examples")).build();
    String text = HttpClient.newHttpClient().send(ask, HttpResponse.BodyHandlers.ofString()).body();
    Map<String, List<JsonNode>> bySystem = new LinkedHashMap<>();
    for (JsonNode example : JSON.readTree(text)) {
      if (example.get("expect").asText().equals("ok")) {
        bySystem.computeIfAbsent(example.get("system").asText(), name -> new ArrayList<>()).add(example);
      }
    }
    int failed = 0;
    int called = 0;
    for (Map.Entry<String, List<JsonNode>> entry : bySystem.entrySet()) {
      Map<String, Method> methods = new HashMap<>();
      Object port;
      try {
        port = port(new File(args[0]), entry.getKey(), methods);
      } catch (Exception error) {
        failed++;
        System.out.println("FAILED " + entry.getKey() + ": " + error);
        continue;
      }
      List<String> wrong = new ArrayList<>();
      Map<String, Boolean> done = new HashMap<>();
      for (JsonNode example : entry.getValue()) {
        String operation = example.get("operation").asText();
        called++;
        try {
          call(port, methods.get(operation), example);
          done.put(operation, true);
        } catch (InvocationTargetException error) {
          wrong.add(operation + ": " + error.getCause());
        } catch (Exception error) {
          wrong.add(operation + ": " + error);
        }
      }
      for (String name : methods.keySet()) {
        if (!done.containsKey(name) && wrong.stream().noneMatch(line -> line.startsWith(name + ":"))) {
          wrong.add(name + ": has no example that succeeds");
        }
      }
      failed += wrong.size();
      System.out.println((wrong.isEmpty() ? "ok " : "FAILED ") + entry.getKey() + ": " + done.size() + " of "
          + methods.size() + " operations");
      wrong.forEach(line -> System.out.println("  " + line.substring(0, Math.min(400, line.length())).replace('\n', ' ')));
    }
    System.out.println(called + " calls, " + failed + " failed");
    System.exit(failed == 0 ? 0 : 1);
  }

  /** The SOAP 1.1 port of the generated service, and its methods by operation. */
  private static Object port(File classes, String system, Map<String, Method> methods) throws Exception {
    String packaged = "vn.vidu." + system.replace("-", "");
    File[] made = new File(classes, packaged.replace('.', '/')).listFiles((dir, name) -> name.endsWith(".class"));
    for (File file : made == null ? new File[0] : made) {
      Class<?> found = Class.forName(packaged + "." + file.getName().replace(".class", ""));
      if (found.isAnnotationPresent(WebServiceClient.class)) {
        Service service = (Service) found.getConstructor(URL.class)
            .newInstance(URI.create(BUS + "/soap/" + system + "/v1?wsdl").toURL());
        for (Method getter : found.getMethods()) {
          WebEndpoint endpoint = getter.getAnnotation(WebEndpoint.class);
          if (endpoint == null || getter.getParameterCount() > 0 || endpoint.name().contains("12")) {
            continue;
          }
          Class<?> face = getter.getReturnType();
          for (Method method : face.getMethods()) {
            WebMethod named = method.getAnnotation(WebMethod.class);
            if (named != null || face.isAnnotationPresent(WebService.class)) {
              String name = named == null || named.operationName().isEmpty() ? method.getName() : named.operationName();
              methods.put(name, method);
            }
          }
          return getter.invoke(service);
        }
      }
    }
    throw new IllegalStateException("no service was generated for " + system);
  }

  private static void call(Object port, Method method, JsonNode example) throws Exception {
    if (method == null) {
      throw new NoSuchMethodException("no method was generated");
    }
    Map<String, List<String>> headers = new HashMap<>();
    headers.put("X-API-Key", List.of(KEY));
    if (example.has("headers")) {
      example.get("headers").fields().forEachRemaining(h -> headers.put(h.getKey(), List.of(h.getValue().asText())));
    }
    ((BindingProvider) port).getRequestContext().put(MessageContext.HTTP_REQUEST_HEADERS, headers);
    method.invoke(port, JSON.treeToValue(example.get("request"), method.getParameterTypes()[0]));
  }
}
